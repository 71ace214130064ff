"""`kill -9` in the middle of load: no settled call is lost, none is counted twice."""

import signal
from collections.abc import Callable

from driver import Load, assert_verified, whole_ledger
from tollgate import Tollgate

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
