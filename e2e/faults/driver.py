"""Load from many threads, and what each call saw of its cost."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field

# Prices of the model `fake` in config.yaml, in nano-dollars a token.
INPUT_NANO = 1_000
OUTPUT_NANO = 2_000


@dataclass
class Load:
    """Calls in a loop on `threads` connections, every other one streamed, until `stop` or the server's end."""

    port: int
    key: str
    threads: int
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
        connection.close()

    def _call(self, connection: http.client.HTTPConnection, is_stream: bool, words: int) -> None:
        body = {
            "model": "fake",
            "messages": [{"role": "user", "content": "Say something."}],
            "fake": {"text": "word " * words, "chunk_delay_ms": 1},
        }
        if is_stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            with self._lock:
                self.faults.append(f"{answer.status} {text}")
            return
        usage = stream_usage(text) if is_stream else json.loads(text)["usage"]
        cost = usage["prompt_tokens"] * INPUT_NANO + usage["completion_tokens"] * OUTPUT_NANO
        told = cost if is_stream else nano(float(answer.headers["x-litellm-response-cost"]))
        with self._lock:
            if told != cost:
                self.faults.append(f"the header says {told} nano-dollars, usage makes it {cost}")
            self.completed[answer.headers["x-litellm-call-id"]] = cost


def nano(dollars: float) -> int:
    """Dollars as JSON has them, in nano-dollars."""
    return round(dollars * 1_000_000_000)


def stream_usage(text: str) -> dict[str, int]:
    """The usage at the end of a stream; an unfinished stream is a broken answer."""
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    if not events or events[-1] != "[DONE]":
        raise http.client.IncompleteRead(text.encode())
    return json.loads(events[-2])["usage"]
