"""Two nodes on one PostgreSQL: one ledger, one set of keys."""

import os
import signal
from collections.abc import Callable

import pytest

from driver import Load, assert_verified, call_once, whole_ledger
from tollgate import Tollgate, eventually

pytestmark = pytest.mark.skipif("TOLLGATE_TEST_DATABASE_URL" not in os.environ, reason="runs on PostgreSQL")


def start_together(make_tollgate: Callable[..., Tollgate]) -> tuple[Tollgate, Tollgate]:
    """Both at once, so that they bring the schema up to date at once."""
    one, other = make_tollgate(), make_tollgate()
    for node in (one, other):
        node.spawn()
    for node in (one, other):
        eventually(node.is_ready, "the node")
    return one, other


def test_both_write_one_ledger(make_tollgate: Callable[..., Tollgate]) -> None:
    one, other = start_together(make_tollgate)
    key = one.manage("POST", "/key/generate", {"max_budget": 100})["key"]
    loads = [Load(node.port, key, threads=8) for node in (one, other)]
    for load in loads:
        load.start()
    for load in loads:
        load.wait_for(200)
    one.signal(signal.SIGKILL)
    loads[0].stop()
    # The other goes on, and its sums hold meanwhile.
    loads[1].wait_for(len(loads[1].completed) + 100)
    assert_verified(other)
    one.start()
    loads[1].stop()
    assert not loads[0].faults + loads[1].faults
    seen = loads[0].completed | loads[1].completed
    ledger = whole_ledger(other, key, seen)
    assert whole_ledger(one, key, seen) == ledger
    for node in (one, other):
        assert node.signal(signal.SIGTERM) == 0
    assert_verified(one)


def test_a_change_on_one_is_in_force_on_the_other_within_a_second(make_tollgate: Callable[..., Tollgate]) -> None:
    one, other = start_together(make_tollgate)
    key = one.manage("POST", "/key/generate", {})["key"]
    assert call_once(other, key).status == 200
    one.manage("POST", "/key/block", {"key": key})
    eventually(lambda: call_once(other, key).status == 401, "the block", seconds_max=1)
    one.manage("POST", "/key/unblock", {"key": key})
    eventually(lambda: call_once(other, key).status == 200, "the key's return", seconds_max=1)
    one.manage("POST", "/key/update", {"key": key, "models": ["other"]})
    eventually(lambda: call_once(other, key).status == 403, "the narrower list of models", seconds_max=1)
    one.manage("POST", "/key/delete", {"keys": [key]})
    eventually(lambda: call_once(other, key).status == 401, "the deletion", seconds_max=1)
