"""A Redis that a test stops and starts again. It keeps nothing: started again, it is empty."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from tollgate import eventually


class Redis:
    """Listens on a unix socket in a folder of its own."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tollgate-redis-"))
        self.socket = str(self._folder / "redis.sock")
        self.url = f"redis+unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it, empty."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", str(self._folder)]
            + ["--save", "", "--appendonly", "no", "--daemonize", "no"],
            stdout=subprocess.DEVNULL,
        )
        eventually(lambda: self.command("PING") == "+PONG", "Redis to start")

    def stop(self) -> None:
        """Ends it at once, as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def remove(self) -> None:
        """Ends it for good."""
        self.stop()
        shutil.rmtree(self._folder)

    def command(self, text: str) -> str:
        """The first line of the answer to an inline command; empty where it does not listen."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(self.socket)
                connection.sendall(f"{text}\r\n".encode())
                return connection.recv(4096).decode().splitlines()[0]
        except OSError:
            return ""
