"""A fake OpenAI-compatible provider that speaks HTTP by hand, so that it may do it wrong, and that dies when told to.

It remembers what it answered, which is what it would bill.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import struct
import socket
import threading
from collections.abc import Awaitable, Callable

INPUT_TOKENS = 10
MIB = 1 << 20

#: What is done with one request: its body as JSON, and where the answer is written.
Behaviour = Callable[["Misbehaving", dict, asyncio.StreamWriter], Awaitable[None]]


def event(value: object) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def usage(words: int) -> dict[str, int]:
    """The usage of an answer of so many words."""
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": words, "total_tokens": INPUT_TOKENS + words}


def delta(text: str) -> bytes:
    """A chunk of a stream."""
    return event({"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


async def well(self: "Misbehaving", body: dict, writer: asyncio.StreamWriter) -> None:
    """Answers as a model would, a word every few milliseconds."""
    words = body["messages"][0]["content"].split()
    if not body.get("stream"):
        choices = [{"index": 0, "message": {"role": "assistant", "content": " ".join(words)}, "finish_reason": "stop"}]
        answer = json.dumps({"id": "c", "choices": choices, "usage": usage(len(words))}).encode()
        await asyncio.sleep(0.005)
        self.served_tokens.append(len(words))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer))
        writer.write(answer)
        await writer.drain()
    else:
        writer.write(STREAM_HEAD)
        for word in words:
            writer.write(delta(word + " "))
            await writer.drain()
            await asyncio.sleep(0.003)
        self.served_tokens.append(len(words))
        writer.write(event({"id": "c", "choices": [], "usage": usage(len(words))}) + b"data: [DONE]\n\n")
        await writer.drain()
        writer.close()


async def endless_line(self: "Misbehaving", body: dict, writer: asyncio.StreamWriter) -> None:
    """A stream whose second event is a line of 100 MB."""
    writer.write(STREAM_HEAD + delta("Hi") + b'data: {"choices":[{"index":0,"delta":{"content":"')
    for _ in range(100):
        writer.write(b"x" * MIB)
        await writer.drain()
    writer.write(b'"}}]}\n\n' + event({"choices": [], "usage": usage(1)}) + b"data: [DONE]\n\n")
    await writer.drain()
    writer.close()
    self.served_tokens.append(1)


class Misbehaving:
    """A provider on a port of its own, with an event loop of its own."""

    def __init__(self, behaviour: Behaviour = well, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.served_tokens: list[int] = []
        self.is_dead = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        scheme = "https" if tls else "http"
        self.api_base = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def die(self) -> None:
        """Resets every connection and listens no more, as a process that is killed."""

        async def die() -> None:
            self.is_dead = True
            self._server.close()
            for writer in self._writers:
                # Closed with a reset.
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(die(), self._loop).result()

    def stop(self) -> None:
        """Ends it and its loop."""
        self.die()
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode().lower().splitlines()
                size = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
                body = json.loads(await reader.readexactly(size))
                await self.behaviour(self, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            # The gateway left, or this provider died.
            return
        finally:
            self._writers.discard(writer)
            writer.close()
