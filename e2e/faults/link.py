"""A wire to a server that a test can cut or freeze: what a failover, a firewall or a pulled plug look like."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import urllib.parse

CHUNK_BYTES = 65536


class Link:
    """Listens on a port of its own and passes everything on to a server's unix socket."""

    def __init__(self, target: str) -> None:
        #: Where clients find it.
        self.url = ""
        self._target = target
        self._lock = threading.Lock()
        self._pairs: list[_Pair] = []
        self._is_frozen = False
        self._last_words: tuple[bytes, threading.Event] | None = None
        self._listener = self._listen(0)
        self.port = self._listener.getsockname()[1]

    @classmethod
    def to_postgres(cls) -> "Link":
        """To the tests' PostgreSQL; `url` is what DATABASE_URL is set to."""
        url = urllib.parse.urlsplit(os.environ["TOLLGATE_TEST_DATABASE_URL"])
        query = dict(urllib.parse.parse_qsl(url.query))
        link = cls(f"{query['host']}/.s.PGSQL.5432")
        link.url = f"postgres://{query['user']}@127.0.0.1:{link.port}{url.path}?sslmode=disable"
        return link

    def cut(self) -> None:
        """Breaks every connection; new ones are refused."""
        # Closing alone would not wake the thread that accepts.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for pair in self._pairs:
                pair.close()
            self._pairs.clear()

    def freeze(self) -> None:
        """Lets nothing through any more, and tells nobody."""
        with self._lock:
            self._is_frozen = True
            for pair in self._pairs:
                pair.is_frozen = True

    def freeze_after(self, text: bytes) -> threading.Event:
        """Freezes the connection on which this text is sent next, right behind it.

        A statement's text is sent once on a connection: later it goes by a name.
        """
        done = threading.Event()
        with self._lock:
            self._last_words = (text, done)
            for pair in self._pairs:
                pair.last_words = (text, done)
        return done

    def mend(self) -> None:
        """Serves new connections; those frozen stay so."""
        with self._lock:
            self._is_frozen = False
        if self._listener.fileno() < 0:
            self._listener = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._target)
            except OSError:
                # The server behind it is gone.
                client.close()
                continue
            with self._lock:
                self._pairs.append(_Pair(client, server, self._is_frozen, self._last_words))


class _Pair:
    """One connection, and the two threads that carry it."""

    def __init__(
        self,
        client: socket.socket,
        server: socket.socket,
        is_frozen: bool,
        last_words: tuple[bytes, threading.Event] | None,
    ) -> None:
        self.is_frozen = is_frozen
        self.last_words = last_words
        self._ends = (client, server)
        for source, sink in [(client, server), (server, client)]:
            threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def close(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                # What is sent into a frozen wire is lost.
                if not self.is_frozen:
                    sink.sendall(data)
                if self.last_words and self.last_words[0] in data and not self.last_words[1].is_set():
                    self.is_frozen = True
                    self.last_words[1].set()
        if not self.is_frozen:
            self.close()
