#!/usr/bin/env python3
"""Measures Tollgate beside a bare nginx proxy. Usage: bench.py BINARY [SECONDS]

One core serves: Tollgate, or nginx with `proxy_pass`. Another makes the load (wrk) and answers it (nginx with a canned
answer). Tollgate authenticates a virtual key with a budget and writes its ledger, as in production; once with its own
counters and once with those in a Redis, which runs beside the load.

Latency "added" is the difference to calling the mock where the gateway stands: on the gateway's core. A call that never
leaves its core spares two wake-ups of another core, which no client of a provider on another machine is spared.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))
from tollgate import Tollgate, free_port  # noqa: E402

GATEWAY_CORE, LOAD_CORE = "0", "1"
WARM_UP_S = 2
# Connections, and how many ms each pauses before a call. The heaviest last: what many calls leave behind, the ledger
# writes while the next is measured. 50 connections that pause for 50 ms make 1,000 calls a second.
LOADS = {"one": (1, 0), "paced": (50, 50), "many": (64, 0)}
# Requests after which the resident memory is read.
MEMORY_AFTER = 200_000
STARTS = 5
ANSWER = {
    "id": "chatcmpl-bench",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "The Glomma meets the sea at Fredrikstad, the Drammenselva at Drammen and the Numedalslågen at Larvik.",
                "refusal": None,
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 34,
        "completion_tokens": 33,
        "total_tokens": 67,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    },
    "system_fingerprint": "fp_bench",
}
CONFIG = """model_list:
  - model_name: gpt-4o-mini
    litellm_params:
      model: openai/gpt-4o-mini
      api_base: os.environ/FAKE_UPSTREAM_URL
      api_key: sk-of-the-provider
"""


@dataclass
class Result:
    """What wrk measured."""

    requests: int
    per_second: float
    p50_us: int
    p99_us: int
    errors: int


def run_wrk(port: int, key: str, connections: int, seconds: int, pause_ms: int = 0) -> Result:
    """Load on one port; each connection pauses before a call."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{seconds}s", "--latency", "--script", str(HERE / "call.lua"), f"http://127.0.0.1:{port}"]
    env = {**os.environ, "BENCH_KEY": key, "BENCH_PAUSE_MS": str(pause_ms)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    requests, duration_us, p50, p99, errors = (int(word) for word in line.split()[1:])
    return Result(requests, requests / (duration_us / 1e6), p50, p99, errors)


def measure(port: int, key: str, seconds: int) -> dict[str, Result]:
    """Load of each kind, after a warm-up."""
    results = {}
    for name, (connections, pause_ms) in LOADS.items():
        run_wrk(port, key, connections, WARM_UP_S, pause_ms)
        results[name] = run_wrk(port, key, connections, seconds, pause_ms)
    return results


@contextlib.contextmanager
def nginx(folder: Path, name: str, core: str, server: str) -> Iterator[None]:
    """An nginx of its own, on one core."""
    text = (HERE / "nginx.conf").read_text()
    for word, value in {"{folder}": str(folder), "{name}": name, "{server}": server}.items():
        text = text.replace(word, value)
    config = folder / f"{name}.conf"
    config.write_text(text)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen(["taskset", "-c", core, program, "-c", str(config), "-p", str(folder)])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def mock_server(port: int) -> str:
    """An nginx server that answers as a provider does."""
    body = json.dumps(ANSWER, ensure_ascii=False, separators=(",", ":"))
    return f"server {{ listen 127.0.0.1:{port} backlog=1024; default_type application/json; return 200 '{body}'; }}"


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The address of a Redis of its own, beside the load."""
    socket = folder / "redis.sock"
    flags = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "", "--daemonize", "no"]
    process = subprocess.Popen(["taskset", "-c", LOAD_CORE, "redis-server", *flags], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            time.sleep(0.01)
        yield f"redis+unix://{socket}"
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Until somebody answers HTTP there."""
    for _ in range(500):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", method="POST", data=b"{}")).close()
            return
        time.sleep(0.01)
    raise RuntimeError(f"nothing answers on port {port}")


def time_to_ready_ms(tollgate: Tollgate) -> float:
    """From the start of the process to the first 200 of readiness."""
    started = time.monotonic()
    tollgate.spawn()
    while not tollgate.is_ready():
        time.sleep(0.002)
    return (time.monotonic() - started) * 1000


def resident_mb(tollgate: Tollgate) -> float:
    """Resident memory of the gateway."""
    assert tollgate.process
    status = Path(f"/proc/{tollgate.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@dataclass
class Memory:
    """Resident memory of the gateway."""

    requests: int
    at_most_mb: float
    after_mb: float


def measure_memory(tollgate: Tollgate, key: str, per_second: float) -> Memory:
    """One run of `MEMORY_AFTER` requests in a gateway just started. wrk ends by hanging up, which is told apart."""
    at_most_mb = 0.0
    seconds = int(MEMORY_AFTER / per_second * 1.2) + 1
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run = pool.submit(run_wrk, tollgate.port, key, 64, seconds)
        started = time.monotonic()
        while time.monotonic() - started < seconds - 0.5:
            at_most_mb = max(at_most_mb, resident_mb(tollgate))
            time.sleep(0.1)
        requests = run.result().requests
    time.sleep(1)
    return Memory(requests, at_most_mb, resident_mb(tollgate))


def table(results: dict[str, dict[str, Result]]) -> None:
    """What was measured, a row a subject."""
    print(f"\n{'':<11}{'64 connections':>46}{'1 connection: added':>24}{'at 1,000/s: added':>32}")
    print(f"{'':<11}{'requests/s':>12}{'p50 µs':>10}{'p99 µs':>10}{'of nginx':>14}", end="")
    print(f"{'p50 µs':>14}{'p99 µs':>10}{'requests/s':>12}{'p50 µs':>10}{'p99 µs':>10}")
    direct, floor = results["direct"], results["nginx"]
    for name, loads in results.items():
        many, paced = loads["many"], loads["paced"]
        print(f"{name:<11}{many.per_second:>12,.0f}{many.p50_us:>10,}{many.p99_us:>10,}", end="")
        print(f"{many.per_second / floor['many'].per_second:>14.0%}", end="")
        p50, p99 = added(loads, direct, "one")
        print(f"{p50:>14,}{p99:>10,}", end="")
        p50, p99 = added(loads, direct, "paced")
        print(f"{paced.per_second:>12,.0f}{p50:>10,}{p99:>10,}")


def added(subject: dict[str, Result], direct: dict[str, Result], load: str) -> tuple[int, int]:
    """p50 and p99 in µs above those of the mock itself."""
    return subject[load].p50_us - direct[load].p50_us, subject[load].p99_us - direct[load].p99_us


def main() -> None:
    """Everything, in one run."""
    os.environ["TOLLGATE_BIN"] = str(Path(sys.argv[1]).resolve())
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    folder = Path(tempfile.mkdtemp(prefix="tollgate-bench-"))
    # nginx drops its rights when root starts it.
    folder.chmod(0o755)
    (folder / "config.yaml").write_text(CONFIG)
    mock_port, direct_port, proxy_port = free_port(), free_port(), free_port()
    proxy = (
        f"upstream mock {{ server 127.0.0.1:{mock_port}; keepalive 128; keepalive_requests 100000000; }} "
        f"server {{ listen 127.0.0.1:{proxy_port} backlog=1024; location / {{ proxy_pass http://mock; "
        'proxy_http_version 1.1; proxy_set_header Connection ""; } }'
    )
    results: dict[str, dict[str, Result]] = {}
    tollgate = Tollgate(SimpleNamespace(origin=f"http://127.0.0.1:{mock_port}"), folder / "config.yaml")  # type: ignore[arg-type]
    tollgate.env.pop("DATABASE_URL", None)
    tollgate.prefix = ["taskset", "-c", GATEWAY_CORE]
    try:
        with nginx(folder, "direct", GATEWAY_CORE, mock_server(direct_port)):
            wait_for(direct_port)
            results["direct"] = measure(direct_port, "none", seconds)
        with nginx(folder, "mock", LOAD_CORE, mock_server(mock_port)):
            wait_for(mock_port)
            with nginx(folder, "proxy", GATEWAY_CORE, proxy):
                wait_for(proxy_port)
                results["nginx"] = measure(proxy_port, "none", seconds)

            first_ms = time_to_ready_ms(tollgate)
            fields = {"key_alias": "bench", "max_budget": 1_000_000, "models": ["gpt-4o-mini"]}
            key = tollgate.manage("POST", "/key/generate", fields)["key"]
            idle_mb = resident_mb(tollgate)
            results["tollgate"] = measure(tollgate.port, key, seconds)
            tollgate.signal(15, seconds_max=60)
            time_to_ready_ms(tollgate)
            memory = measure_memory(tollgate, key, results["tollgate"]["many"].per_second)
            verified = tollgate.run("ledger", "verify")
            spent = tollgate.manage("GET", f"/key/info?key={key}")["info"]["spend"]
            tollgate.signal(15, seconds_max=60)
            again_ms = sorted(restart_ms(tollgate) for _ in range(STARTS))[STARTS // 2]
            with redis(folder) as url:
                tollgate.env["REDIS_URL"] = url
                time_to_ready_ms(tollgate)
                results["with Redis"] = measure(tollgate.port, key, seconds)
                tollgate.signal(15, seconds_max=60)

        table(results)
        print(f"\nresident memory   {memory.at_most_mb:8.1f} MB at most in {memory.requests:,} requests ({idle_mb:.1f} MB idle)")
        print(f"{'':<18}{memory.after_mb:8.1f} MB after 64 clients hung up in mid-call: their tokens are counted")
        print(f"time to ready     {again_ms:8.0f} ms (first start, with an empty database: {first_ms:.0f} ms)")
        print(f"ledger            {'holds' if verified.returncode == 0 else 'DOES NOT HOLD'}, ${spent} spent")
        errors = sum(result.errors for by in results.values() for result in by.values())
        if errors or verified.returncode:
            raise SystemExit(f"{errors} calls failed\n{verified.stdout}{verified.stderr}")
    finally:
        tollgate.remove()
        shutil.rmtree(folder, ignore_errors=True)


def restart_ms(tollgate: Tollgate) -> float:
    """One start on the data there is, and the stop after it."""
    ready_ms = time_to_ready_ms(tollgate)
    tollgate.signal(15)
    return ready_ms


if __name__ == "__main__":
    main()
