"""What fake providers with protocols of their own share: a server that checks calls and answers them."""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TEXT = "The quick brown fox jumps."
WEATHER = "It is 21 degrees in Oslo and 30 in Rome."
CITIES = ["Oslo", "Rome"]
DOCUMENT = {"city": "Oslo", "degrees": 21}
INPUT_TOKENS = 10
OUTPUT_TOKENS = 5


@dataclass
class Call:
    """A call as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    body: Any = None
    method: str = "POST"


@dataclass
class Answer:
    """What is sent back: a JSON body, raw bytes, or the pieces of a stream."""

    body: Any = None
    status: int = 200
    pieces: Iterable[str] | None = None
    raw: bytes | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The call is not as the provider takes it."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(body)
        self.answer = Answer(body, status)


class Provider:
    """A fake provider on a port of its own."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                provider.serve(self)

            do_GET = do_DELETE = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, call: Call) -> Answer:
        """What the provider says to a call."""
        raise NotImplementedError

    def serve(self, http: BaseHTTPRequestHandler) -> None:
        """Reads a call, answers it."""
        url = urllib.parse.urlsplit(http.path)
        raw = http.rfile.read(int(http.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in http.headers.items()}
        call = Call(url.path, dict(urllib.parse.parse_qsl(url.query)), headers, raw, method=http.command)
        if raw.startswith(b"{"):
            call.body = json.loads(raw)
        self.calls.append(call)
        try:
            answer = self.answer(call)
        except Refused as refused:
            answer = refused.answer
        http.send_response(answer.status)
        for name, value in answer.headers.items():
            http.send_header(name, value)
        http.send_header("content-type", answer.content_type)
        if answer.pieces is None:
            body = json.dumps(answer.body).encode() if answer.raw is None else answer.raw
            http.send_header("content-length", str(len(body)))
            http.end_headers()
            http.wfile.write(body)
            return
        http.send_header("transfer-encoding", "chunked")
        http.end_headers()
        for piece in answer.pieces:
            data = piece.encode()
            http.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            http.wfile.flush()
        http.wfile.write(b"0\r\n\r\n")

    def stop(self) -> None:
        """Ends the server."""
        self.server.shutdown()
        self.server.server_close()


def cut(text: str, tokens_max: int | None) -> tuple[str, bool]:
    """A text of at most so many words, a token each, and whether something is missing."""
    said = words(text)
    if tokens_max is None or len(said) <= tokens_max:
        return text, False
    return "".join(said[:tokens_max]).rstrip(), True


def embedding(text: str, dimensions: int | None = None) -> list[float]:
    """Numbers that tell a text from another, exact in 32 bits."""
    numbers = [len(text) / 64, ord(text[0]) / 256, -0.5, 0.25]
    return numbers[:dimensions]


def score(query: str, document: str) -> float:
    """How well a document answers: the share of the query's words that it has."""
    asked = query.lower().split()
    return sum(word in document.lower().split() for word in asked) / len(asked)


def words(text: str) -> list[str]:
    """The words of a text, the space kept with the word before it."""
    parts = text.split(" ")
    return [part + " " for part in parts[:-1]] + parts[-1:]


def asked_failure(message: Any) -> int | None:
    """The status that a prompt asks to fail with, by `fail 429` and the like."""
    found = re.search(r"\bfail (\d{3})\b", json.dumps(message))
    return int(found[1]) if found else None


def example(schema: Any, city: str = CITIES[0]) -> Any:
    """Something that a schema describes; every text in it is the city."""
    match schema.get("type"):
        case "object":
            return {name: example(inner, city) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [example(schema.get("items", {}), city)]
        case "integer" | "number":
            return DOCUMENT["degrees"]
        case "boolean":
            return True
        case _:
            return city


def sse(data: Any, name: str | None = None) -> str:
    """One server-sent event."""
    return (f"event: {name}\n" if name else "") + f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
