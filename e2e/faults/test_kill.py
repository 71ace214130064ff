"""`kill -9` in the middle of load: no settled call is lost, none is counted twice."""

import http.client
import signal
import threading
from collections.abc import Callable

import pytest

from driver import Load, assert_verified, call_once, nano, whole_ledger
from tollgate import Tollgate, Upstream, eventually

THREADS = 16
KILLS = 3
# Answered calls before each kill.
CALLS = 300


def test_no_settled_call_is_lost(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate().start()
    key = tollgate.manage("POST", "/key/generate", {"key_alias": f"load-{tollgate.port}"})["key"]
    seen: dict[str, int] = {}
    for _ in range(KILLS):
        load = Load(tollgate.port, key, THREADS)
        load.start()
        load.wait_for(CALLS)
        # In the middle of it: sums are compared in one snapshot.
        assert_verified(tollgate)
        tollgate.signal(signal.SIGKILL)
        load.stop()
        assert not load.faults
        assert not seen.keys() & load.completed.keys()
        seen |= load.completed
        tollgate.start()

    ledger = whole_ledger(tollgate, key, seen)
    # The kill cut off some answers after they were settled, and left some calls unsettled.
    beyond = {call: cost for call, cost in ledger.items() if call not in seen}
    assert len(beyond) <= KILLS * THREADS
    assert sum(ledger.values()) == sum(seen.values()) + sum(beyond.values())
    assert_verified(tollgate)
    assert tollgate.signal(signal.SIGTERM) == 0
    assert_verified(tollgate)


def test_a_call_that_was_cut_off_is_seen_and_resolved(make_tollgate: Callable[..., Tollgate], upstream: Upstream) -> None:
    tollgate = make_tollgate().start()
    key = tollgate.manage("POST", "/key/generate", {"max_budget": 1})["key"]
    before = len(upstream.calls())

    def ask() -> None:
        with pytest.raises((OSError, http.client.HTTPException)):
            call_once(tollgate, key, is_stream=True, words=100, chunk_delay_ms=1_000)

    client = threading.Thread(target=ask)
    client.start()
    eventually(lambda: len(upstream.calls()) > before, "the call at the provider")
    tollgate.signal(signal.SIGKILL)
    client.join(timeout=30)
    tollgate.start()

    [row] = eventually(lambda: tollgate.logs_of(key), "the call in the ledger")
    assert (row["status"], row["spend"]) == ("interrupted", 0)
    page = tollgate.manage("GET", "/spend/interrupted?resolved=false")
    [shown] = [one for one in page["data"] if one["request_id"] == row["request_id"]]
    assert shown["reserved"] > 0 and shown["resolution"] is None
    assert shown["model_group"] == "fake" and shown["custom_llm_provider"] == "openai" and shown["model_id"]

    resolve = {"request_id": row["request_id"], "spend": 0.0123, "reason": "the provider's bill"}
    tollgate.manage("POST", "/spend/interrupted/resolve", resolve)
    with pytest.raises(AssertionError, match="400 .*was resolved at"):
        tollgate.manage("POST", "/spend/interrupted/resolve", resolve)
    assert nano(tollgate.manage("GET", f"/key/info?key={key}")["info"]["spend"]) == nano(0.0123)
    assert_verified(tollgate)
