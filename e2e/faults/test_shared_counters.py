"""Three nodes on one PostgreSQL and one Redis: budgets hold whatever dies."""

import asyncio
import json
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driver import INPUT_NANO, OUTPUT_NANO, Load, assert_verified, call_once, nano, readiness, whole_ledger
from link import Link
from redis_server import Redis
from tollgate import CONFIG, Tollgate, eventually

pytestmark = pytest.mark.skipif("TOLLGATE_TEST_DATABASE_URL" not in os.environ, reason="runs on PostgreSQL")
# A dead node's lease runs out in this time.
LEASE_S = 10


@pytest.fixture
def redis() -> Iterator[Redis]:
    redis = Redis()
    yield redis
    redis.remove()


Make = Callable[..., Tollgate]


def start_nodes(make_tollgate: Make, count: int, **env: str) -> list[Tollgate]:
    """All at once; each counts together with the others."""
    nodes = [make_tollgate(**env) for _ in range(count)]
    for node in nodes:
        node.spawn()
    for node in nodes:
        eventually(node.is_ready, "the node")
        assert counted(node) == ("shared" if "REDIS_URL" in env else "local")
    return nodes


def counted(node: Tollgate) -> str:
    """How the node counts."""
    return readiness(node)[1]["counters"]


def spent(node: Tollgate, key: str) -> int:
    """What the ledger's rows of a key sum up to, in nano-dollars."""
    return sum(nano(row["spend"]) for row in node.logs_of(key))


def test_a_kill_of_one_of_three_under_load(make_tollgate: Make, redis: Redis) -> None:
    nodes = start_nodes(make_tollgate, 3, REDIS_URL=redis.url)
    key = nodes[0].manage("POST", "/key/generate", {"max_budget": 50, "max_parallel_requests": 24})["key"]
    loads = [Load(node.port, key, threads=8) for node in nodes]
    for load in loads:
        load.start()
    for load in loads:
        load.wait_for(100)
    nodes[1].signal(signal.SIGKILL)
    loads[1].stop()
    for load in (loads[0], loads[2]):
        load.wait_for(len(load.completed) + 100)
    nodes[1].start()
    again = Load(nodes[1].port, key, threads=4)
    # The dead process's calls in flight take up slots until its lease is over.
    eventually(lambda: call_once(nodes[1], key).status == 200, "the dead node's slots", 2 * LEASE_S)
    for load in (loads[0], loads[2]):
        load.stop()
    again.start()
    again.wait_for(50)
    again.stop()
    faults = [fault for load in [*loads, again] for fault in load.faults if not fault.startswith("429 ")]
    assert not faults, faults[:3]
    seen = loads[0].completed | loads[1].completed | loads[2].completed | again.completed
    ledgers = [whole_ledger(node, key, seen) for node in nodes]
    assert ledgers[0] == ledgers[1] == ledgers[2]
    # What was reserved when the node died counts no more: all slots are there again.
    eventually(lambda: in_use(nodes[2], key) == (0, 0), "every reservation to end", 2 * LEASE_S)
    assert_verified(nodes[0])


def in_use(node: Tollgate, key: str) -> tuple[float, float]:
    """Calls in flight and money reserved, of all nodes."""
    checks = node.manage("POST", "/policy/explain", {"key": key, "model": "fake"})["checks"]
    of_key = {check["check"]: check for check in checks if check["scope"] == "key"}
    return of_key["max_parallel_requests"]["used"], of_key["max_budget"]["reserved"]


@pytest.mark.parametrize("node_count", [1, 3])
def test_ten_thousand_calls_on_a_budget_for_137(
    make_tollgate: Make, redis: Redis, node_count: int, tmp_path: Path
) -> None:
    at_once()
    # However slow the machine is, who waits for money that is only reserved is not sent away.
    config = tmp_path / "config.yaml"
    config.write_text(f"{CONFIG.read_text()}\ntollgate_settings: {{budget_wait_ms: 120000}}\n")
    shared = {"REDIS_URL": redis.url} if node_count > 1 else {}
    nodes = start_nodes(lambda **env: make_tollgate(config, **env), node_count, **shared)
    words = 5
    cost_nano = 10 * INPUT_NANO + words * OUTPUT_NANO
    budget_nano = 137 * cost_nano
    key = nodes[0].manage("POST", "/key/generate", {"max_budget": budget_nano / 1e9})["key"]
    statuses = asyncio.run(flood([node.port for node in nodes], key, 10_000, words))
    served = statuses.count(200)
    assert set(statuses) <= {200, 400}, {status: statuses.count(status) for status in set(statuses)}
    ledger = eventually(lambda: (rows := spent(nodes[0], key)) >= served * cost_nano and rows, "the ledger")
    assert ledger == served * cost_nano
    assert ledger <= budget_nano, [line for node in nodes for line in node.output().splitlines() if " WARN" in line]
    # The bound of a prompt is a little above what it costs, so the last of the money may go unspent.
    assert 130 <= served <= 137, served
    for node in nodes:
        info = node.manage("GET", f"/key/info?key={key}")["info"]
        assert nano(info["spend"]) <= budget_nano
    assert_verified(nodes[0])


async def flood(ports: list[int], key: str, calls: int, words: int) -> list[int]:
    """The statuses of so many calls: the last byte of each is sent once all others are, as far as files may be open."""
    body = json.dumps({
        "model": "fake",
        "max_tokens": words,
        "messages": [{"role": "user", "content": "Say something."}],
        "fake": {"text": "word " * words},
    })
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
    request = f"{head}authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
    # As many as the operating system takes in one go, so that none has to knock twice.
    gate = asyncio.Semaphore(500)

    async def begin(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request[:-1].encode())
        return reader, writer

    async def finish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1])

    statuses: list[int] = []
    for first in range(0, calls, at_once()):
        some = range(first, min(calls, first + at_once()))
        begun = await asyncio.gather(*(begin(ports[number % len(ports)]) for number in some))
        for _, writer in begun:
            writer.write(request[-1:].encode())
        statuses += await asyncio.gather(*(finish(*one) for one in begun))
    return statuses


def at_once() -> int:
    """How many connections this process, and a gateway that it starts, can have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 20_000 if most == resource.RLIM_INFINITY else min(most, 20_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return max(100, files - 1_000)


@pytest.mark.parametrize("way", ["stopped", "emptied"])
def test_redis_goes_under_load(make_tollgate: Make, redis: Redis, way: str) -> None:
    nodes = start_nodes(make_tollgate, 3, REDIS_URL=redis.url)
    key = nodes[0].manage("POST", "/key/generate", {"max_budget": 50})["key"]
    loads = [Load(node.port, key, threads=4) for node in nodes]
    for load in loads:
        load.start()
    for load in loads:
        load.wait_for(50)
    if way == "stopped":
        redis.stop()
        for node in nodes:
            eventually(lambda: counted(node) == "degraded", "the node to notice")
        for load in loads:
            load.wait_for(len(load.completed) + 50)
        redis.start()
    else:
        assert redis.command("FLUSHALL") == "+OK"
    for node in nodes:
        eventually(lambda: counted(node) == "shared", "the node to join again")
    for load in loads:
        load.wait_for(len(load.completed) + 50)
        load.stop()
        assert not load.faults, load.faults[:3]
    seen = loads[0].completed | loads[1].completed | loads[2].completed
    ledger = whole_ledger(nodes[0], key, seen)
    # Redis was rebuilt to the nano-dollar: the budget ends where the ledger says.
    used = eventually(lambda: (found := used_of(nodes[1], key)) == sum(ledger.values()) and found, "the same sum")
    nodes[2].manage("POST", "/key/update", {"key": key, "max_budget": used / 1e9})
    for node in nodes:
        eventually(lambda: call_once(node, key).status == 400, "the budget's end", seconds_max=1)
    assert_verified(nodes[0])


def used_of(node: Tollgate, key: str) -> int:
    """What all nodes together count as spent of a key's budget, in nano-dollars."""
    checks = node.manage("POST", "/policy/explain", {"key": key, "model": "fake"})["checks"]
    return nano(next(check["used"] for check in checks if check["check"] == "max_budget" and check["scope"] == "key"))


@pytest.mark.parametrize("way", ["cut", "freeze"])
def test_a_node_is_cut_off_from_redis(make_tollgate: Make, redis: Redis, way: str) -> None:
    link = Link(redis.socket)
    apart = make_tollgate(REDIS_URL=f"redis://127.0.0.1:{link.port}").start()
    other = make_tollgate(REDIS_URL=redis.url).start()
    key = other.manage("POST", "/key/generate", {"max_budget": 50})["key"]
    loads = [Load(node.port, key, threads=4) for node in (apart, other)]
    for load in loads:
        load.start()
        load.wait_for(50)
    getattr(link, way)()
    eventually(lambda: counted(apart) == "degraded", "the node to notice")
    for load in loads:
        load.wait_for(len(load.completed) + 50)
    assert counted(other) == "shared"
    link.mend()
    eventually(lambda: counted(apart) == "shared", "the node to join again")
    for load in loads:
        load.wait_for(len(load.completed) + 50)
        load.stop()
        assert not load.faults, load.faults[:3]
    ledger = whole_ledger(other, key, loads[0].completed | loads[1].completed)
    total = sum(ledger.values())
    for node in (apart, other):
        eventually(lambda: used_of(node, key) == total, "one sum")
    link.cut()
    assert_verified(other)
