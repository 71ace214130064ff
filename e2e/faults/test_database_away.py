"""The database goes away while the server runs: known keys go on, readiness says so, events arrive once it is back."""

import contextlib
import http.client
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from driver import Load, assert_verified, call_once, readiness, whole_ledger
from link import Link
from tollgate import Tollgate, eventually

needs_postgres = pytest.mark.skipif("TOLLGATE_TEST_DATABASE_URL" not in os.environ, reason="runs on PostgreSQL")
needs_sqlite = pytest.mark.skipif("TOLLGATE_TEST_DATABASE_URL" in os.environ, reason="runs on SQLite")
# A transaction on a connection that leads nowhere is given up after 30 seconds.
BACK_S_MAX = 60
# How long it stays away under load, in seconds.
OUTAGES = {"cut": 60, "freeze": 5}


@pytest.fixture
def link() -> Iterator[Link]:
    link = Link.to_postgres()
    yield link
    link.cut()


@needs_postgres
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", list(OUTAGES))
def test_known_keys_go_on(make_tollgate: Callable[..., Tollgate], link: Link, way: str) -> None:
    tollgate = make_tollgate(DATABASE_URL=link.url).start()
    known, unknown = (tollgate.manage("POST", "/key/generate", {})["key"] for _ in range(2))
    # A minute of calls without a pause would take this test minutes to read back.
    load = Load(tollgate.port, known, threads=4, pause_s=0.02)
    load.start()
    load.wait_for(50)

    gone = time.monotonic()
    getattr(link, way)()
    status, answer = eventually(lambda: (found := readiness(tollgate))[0] == 503 and found, "readiness to notice")
    assert (answer["status"], answer["db"]) == ("unhealthy", "disconnected")
    assert "database" in answer["problems"][0]
    load.wait_for(len(load.completed) + 200)
    while time.monotonic() < gone + OUTAGES[way]:
        load.wait_for(len(load.completed) + 50)
    assert not load.faults
    started = time.monotonic()
    refused = call_once(tollgate, unknown)
    assert (refused.status, time.monotonic() - started < 15) == (503, True), refused
    assert "postgres" not in refused.text.lower(), "the inside shows"
    waiting = readiness(tollgate)[1]
    assert waiting["spool_pending"] >= 200, waiting

    link.mend()
    eventually(lambda: readiness(tollgate)[0] == 200, "readiness to recover", BACK_S_MAX)
    load.stop()
    assert not load.faults
    whole_ledger(tollgate, known, load.completed, BACK_S_MAX)
    eventually(lambda: readiness(tollgate)[1]["spool_pending"] == 0, "the spool to empty")
    assert call_once(tollgate, unknown).status == 200
    assert_verified(tollgate)
    # Changes of keys are followed again.
    tollgate.manage("POST", "/key/block", {"key": known})
    eventually(lambda: call_once(tollgate, known).status == 401, "the block", seconds_max=1)


@needs_postgres
def test_a_connection_that_dies_in_a_transaction(make_tollgate: Callable[..., Tollgate], link: Link) -> None:
    tollgate = make_tollgate(DATABASE_URL=link.url).start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    # PostgreSQL keeps the transaction, and its locks, of a client that it believes to be there.
    frozen = link.freeze_after(b"INSERT INTO daily_spend ")
    load = Load(tollgate.port, key, threads=4)
    load.start()
    assert frozen.wait(10)
    load.wait_for(len(load.completed) + 200)
    load.stop()
    assert not load.faults
    assert readiness(tollgate)[1]["spool_pending"] >= 200
    whole_ledger(tollgate, key, load.completed, BACK_S_MAX)
    assert_verified(tollgate)


@needs_postgres
def test_a_kill_while_it_is_away_loses_nothing(make_tollgate: Callable[..., Tollgate], link: Link) -> None:
    tollgate = make_tollgate(DATABASE_URL=link.url).start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    load = Load(tollgate.port, key, threads=8)
    load.start()
    load.wait_for(50)
    link.cut()
    load.wait_for(len(load.completed) + 200)
    tollgate.signal(signal.SIGKILL)
    load.stop()

    tollgate.spawn()
    assert tollgate.process
    assert tollgate.process.wait(timeout=30) == 1
    assert "cannot open the database postgres://" in tollgate.output()
    link.mend()
    tollgate.start()
    whole_ledger(tollgate, key, load.completed)
    assert_verified(tollgate)


def read_keys(tollgate: Tollgate, begun: threading.Event) -> None:
    """Reads the list of keys again and again, until that fails."""
    with contextlib.suppress(AssertionError, OSError, http.client.HTTPException):
        while True:
            tollgate.manage("GET", "/key/list")
            begun.set()


@needs_postgres
def test_it_stops_in_time_while_it_is_away(make_tollgate: Callable[..., Tollgate], link: Link) -> None:
    tollgate = make_tollgate(DATABASE_URL=link.url).start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    seen = [call_once(tollgate, key)]
    # Requests that wait for it hold nobody up, nor do connections that are never given back.
    begun = [threading.Event() for _ in range(30)]
    for event in begun:
        threading.Thread(target=read_keys, args=(tollgate, event), daemon=True).start()
    assert all(event.wait(30) for event in begun)
    link.freeze()
    seen.append(call_once(tollgate, key))
    assert [answer.status for answer in seen] == [200, 200]
    assert tollgate.signal(signal.SIGTERM, seconds_max=30) == 0
    link.mend()
    tollgate.start()
    whole_ledger(tollgate, key, {answer.call_id: answer.cost_nano for answer in seen})
    assert_verified(tollgate)


@needs_sqlite
def test_a_locked_file(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate().start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    load = Load(tollgate.port, key, threads=4)
    load.start()
    load.wait_for(50)
    other = sqlite3.connect(tollgate.data / "tollgate.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        load.wait_for(len(load.completed) + 200)
        waiting = readiness(tollgate)[1]["spool_pending"]
    finally:
        other.execute("ROLLBACK")
        other.close()
    load.stop()
    assert not load.faults
    assert waiting > 0
    whole_ledger(tollgate, key, load.completed, BACK_S_MAX)
    assert_verified(tollgate)
