"""Load of every kind that metrics tell of: answered, streamed, failed, cached, refused, stood in for, without a price."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from typing import Any

from tollgate import Tollgate

#: What a call asks for besides a plain answer.
REASONING = {
    "prompt_tokens": 100,
    "completion_tokens": 40,
    "total_tokens": 140,
    "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
QUOTA = {"x-ratelimit-remaining-requests": "900", "x-ratelimit-remaining-tokens": "90000"}


class Load:
    """Calls of every kind in a loop, until `stop`."""

    def __init__(self, tollgate: Tollgate) -> None:
        self._port = tollgate.port
        team = tollgate.manage("POST", "/team/new", {"team_alias": "crew", "max_budget": 100, "tpm_limit": 1_000_000})
        key = {"team_id": team["team_id"], "key_alias": "rich", "max_budget": 50, "rpm_limit": 100_000}
        self.rich: str = tollgate.manage("POST", "/key/generate", key)["key"]
        self.poor: str = tollgate.manage("POST", "/key/generate", {"key_alias": "poor", "max_budget": 0})["key"]
        self.slow: str = tollgate.manage("POST", "/key/generate", {"key_alias": "slow", "rpm_limit": 1})["key"]
        #: Calls by status.
        self.statuses: Counter[int] = Counter()
        self._number = 0
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def stop(self) -> None:
        """Ends after the call that is being made."""
        self._stop.set()
        self._worker.join(timeout=60)
        assert not self._worker.is_alive(), "a call hangs"

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._stop.is_set():
            self._round(connection)
            self._stop.wait(0.2)
        connection.close()

    def _round(self, connection: http.client.HTTPConnection) -> None:
        self._number += 1
        ask = lambda key, model, **more: self._call(connection, key, model, **more)  # noqa: E731
        ask(self.rich, "fake", fake={"headers": QUOTA})
        ask(self.rich, "fake", fake={"merge": {"usage": REASONING}})
        ask(self.rich, "fake", stream=True, stream_options={"include_usage": True}, fake={"chunk_delay_ms": 2})
        ask(self.rich, "fake", question="always the same")
        ask(self.rich, "fake", fake={"status": 500})
        ask(self.rich, "fake", fake={"status": 400})
        for model in ("pair", "broken", "hopeless", "unpriced"):
            ask(self.rich, model)
        ask(self.poor, "fake")
        ask(self.slow, "fake")
        ask("sk-nobody", "fake")

    def _call(
        self,
        connection: http.client.HTTPConnection,
        key: str,
        model: str,
        question: str = "",
        **more: Any,
    ) -> None:
        # What is to be answered by a provider is asked in other words each time: nothing of it is in the cache.
        messages = [{"role": "user", "content": question or f"Question {self._number}"}]
        body = json.dumps({"model": model, "messages": messages, **more})
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", body, headers)
        response = connection.getresponse()
        response.read()
        self.statuses[response.status] += 1
