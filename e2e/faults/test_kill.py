"""`kill -9` in the middle of load: no settled call is lost, none is counted twice."""

import signal
from collections.abc import Callable
from typing import Any

from driver import Load, nano
from tollgate import Tollgate, eventually

THREADS = 16
KILLS = 3
# Answered calls before each kill.
CALLS = 300


def test_no_settled_call_is_lost(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate().start()
    key = tollgate.manage("POST", "/key/generate", {"key_alias": "load"})["key"]
    seen: dict[str, int] = {}
    for _ in range(KILLS):
        load = Load(tollgate.port, key, THREADS)
        load.start()
        load.wait_for(CALLS)
        tollgate.signal(signal.SIGKILL)
        load.stop()
        assert not load.faults
        assert not seen.keys() & load.completed.keys()
        seen |= load.completed
        tollgate.start()

    def whole_log() -> list[dict[str, Any]] | None:
        rows = tollgate.logs_of(key)
        return rows if seen.keys() <= {row["request_id"] for row in rows} else None

    rows = eventually(whole_log, "every call that a client saw in the ledger", seconds_max=20)
    ids = [row["request_id"] for row in rows]
    assert len(ids) == len(set(ids)), "a call is in the ledger twice"
    ledger = {row["request_id"]: nano(row["spend"]) for row in rows}
    assert {call: ledger[call] for call in seen} == seen
    # The kill cut off some answers after they were settled, and left some calls unsettled.
    beyond = {call: cost for call, cost in ledger.items() if call not in seen}
    assert len(beyond) <= KILLS * THREADS
    assert sum(ledger.values()) == sum(seen.values()) + sum(beyond.values())

    info = tollgate.manage("GET", f"/key/info?key={key}")["info"]
    assert nano(info["spend"]) == sum(ledger.values())
    beside = tollgate.run("ledger", "verify")
    assert beside.returncode == 0, beside.stdout + beside.stderr
    assert tollgate.signal(signal.SIGTERM) == 0
    after = tollgate.run("ledger", "verify")
    assert after.returncode == 0, after.stdout + after.stderr
