"""Load from many threads, and what each call saw of its cost."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from tollgate import Tollgate, eventually

# Prices of the model `fake` in config.yaml, in nano-dollars a token.
INPUT_NANO = 1_000
OUTPUT_NANO = 2_000


@dataclass
class Load:
    """Calls in a loop on `threads` connections, every other one streamed, until `stop` or the server's end."""

    port: int
    key: str
    threads: int
    #: How long each thread rests after a call, in seconds.
    pause_s: float = 0
    #: Cost in nano-dollars by call id, of every call whose whole answer arrived.
    completed: dict[str, int] = field(default_factory=dict)
    #: What should not happen: statuses other than 200, costs that do not follow from usage.
    faults: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Starts the threads."""
        self._workers = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(self.threads)]
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Lets calls in flight end and waits for the threads."""
        self._stop.set()
        for worker in self._workers:
            worker.join(timeout=60)
            assert not worker.is_alive(), "a call hangs"

    def wait_for(self, calls: int, seconds_max: float = 60) -> None:
        """Waits until so many calls were answered."""
        poll = threading.Event()
        for _ in range(int(seconds_max * 100)):
            if len(self.completed) >= calls:
                return
            poll.wait(0.01)
        raise AssertionError(f"only {len(self.completed)} calls in {seconds_max} s; {self.faults[:3]}")

    def _work(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        count = number
        while not self._stop.is_set():
            count += 1
            try:
                self._call(connection, is_stream=count % 2 == 0, words=1 + count % 7)
            except (OSError, http.client.HTTPException):
                # The server died under the call: what it saw is not a whole answer.
                return
            self._stop.wait(self.pause_s)
        connection.close()

    def _call(self, connection: http.client.HTTPConnection, is_stream: bool, words: int) -> None:
        answer = call(connection, self.key, is_stream, words)
        with self._lock:
            if answer.status != 200:
                self.faults.append(f"{answer.status} {answer.text}")
                return
            if answer.told_nano not in (None, answer.cost_nano):
                self.faults.append(f"the header says {answer.told_nano} nano-dollars, usage makes it {answer.cost_nano}")
            self.completed[answer.call_id] = answer.cost_nano


@dataclass
class Answer:
    """What one call came to."""

    status: int
    text: str
    call_id: str
    #: What it costs by the usage it reports, in nano-dollars; 0 unless it was answered.
    cost_nano: int = 0
    #: What the gateway says it costs: not said of streams, whose headers go first.
    told_nano: int | None = None


def call(connection: http.client.HTTPConnection, key: str, is_stream: bool = False, words: int = 3, **fake: Any) -> Answer:
    """One call with a key; `fake` goes to the provider."""
    body: dict[str, Any] = {
        "model": "fake",
        "messages": [{"role": "user", "content": "Say something."}],
        "fake": {"text": "word " * words, "chunk_delay_ms": 1, **fake},
    }
    if is_stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read().decode()
    answer = Answer(response.status, text, response.headers.get("x-litellm-call-id", ""))
    if answer.status == 200:
        usage = stream_usage(text) if is_stream else json.loads(text)["usage"]
        answer.cost_nano = usage["prompt_tokens"] * INPUT_NANO + usage["completion_tokens"] * OUTPUT_NANO
        told = response.headers.get("x-litellm-response-cost")
        answer.told_nano = None if told is None else nano(float(told))
    return answer


def call_once(tollgate: Tollgate, key: str, **more: Any) -> Answer:
    """One call on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", tollgate.port, timeout=30)
    try:
        return call(connection, key, **more)
    finally:
        connection.close()


def whole_ledger(tollgate: Tollgate, key: str, seen: dict[str, int], seconds_max: float = 20) -> dict[str, int]:
    """What the ledger says each call of a key cost, in nano-dollars, by call id.

    Waits until every call that a client saw is there and nothing is written any more; what they cost must agree.
    """

    def found() -> dict[str, int] | None:
        rows = tollgate.logs_of(key)
        ledger = {row["request_id"]: nano(row["spend"]) for row in rows}
        # Pages shift while calls are written: then some come twice.
        is_settled = len(ledger) == len(rows) and tollgate.logs_of(key) == rows
        return ledger if is_settled and seen.keys() <= ledger.keys() else None

    ledger = eventually(found, "every call that a client saw in the ledger", seconds_max)
    assert {call: ledger[call] for call in seen} == seen
    # The key's own sum would show a call that was counted twice.
    info = tollgate.manage("GET", f"/key/info?key={key}")["info"]
    assert nano(info["spend"]) == sum(ledger.values())
    return ledger


def readiness(tollgate: Tollgate) -> tuple[int, dict[str, Any]]:
    """Its status and what it says."""
    connection = http.client.HTTPConnection("127.0.0.1", tollgate.port, timeout=10)
    connection.request("GET", "/health/readiness")
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def assert_verified(tollgate: Tollgate) -> None:
    """`tollgate ledger verify` finds nothing."""
    verified = tollgate.run("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def nano(dollars: float) -> int:
    """Dollars as JSON has them, in nano-dollars."""
    return round(dollars * 1_000_000_000)


def stream_usage(text: str) -> dict[str, int]:
    """The usage at the end of a stream; an unfinished stream is a broken answer."""
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    if not events or events[-1] != "[DONE]":
        raise http.client.IncompleteRead(text.encode())
    return json.loads(events[-2])["usage"]
