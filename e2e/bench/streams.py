#!/usr/bin/env python3
"""Measures many slow streams at once. Usage: streams.py BINARY LOAD_PROGRAM [STREAMS [CHUNKS_PER_SECOND [SECONDS]]]

LOAD_PROGRAM is `tollgate-bench-streams`: one process with the provider, which says in each chunk when it wrote it, and the
clients. The clients read from the provider itself and then through Tollgate; "added" is the difference. Nobody is bound to a
core: the gateway shares the machine with the load, whose own need is printed beside it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))
from tollgate import Tollgate, free_port  # noqa: E402

from bench import CONFIG, resident_mb  # noqa: E402

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass
class Result:
    """What the clients saw, and what it took."""

    chunks: int
    p50_us: int
    p99_us: int
    max_us: int
    failed: int
    seconds: float
    load_cpu_s: float


def run(program: str, mock_port: int, target_port: int, key: str, load: list[str]) -> Result:
    """One run of the clients."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    command = [program, str(mock_port), str(target_port), key, *load]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Result(*map(int, line.split()[1:]), seconds=time.monotonic() - started, load_cpu_s=cpu_s)


def cpu_s(tollgate: Tollgate) -> float:
    """Processor time of the gateway so far."""
    assert tollgate.process
    fields = Path(f"/proc/{tollgate.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def main() -> None:
    """Both, in one run."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.environ["TOLLGATE_BIN"] = str(Path(sys.argv[1]).resolve())
    program = str(Path(sys.argv[2]).resolve())
    streams, rate, seconds = (*sys.argv[3:6], *["2000", "50", "10"][len(sys.argv[3:6]) :])
    load = [streams, rate, seconds]
    folder = Path(tempfile.mkdtemp(prefix="tollgate-bench-"))
    (folder / "config.yaml").write_text(CONFIG)
    port = free_port()
    tollgate = Tollgate(SimpleNamespace(origin=f"http://127.0.0.1:{port}"), folder / "config.yaml")  # type: ignore[arg-type]
    tollgate.env.pop("DATABASE_URL", None)
    try:
        tollgate.start()
        key = tollgate.manage("POST", "/key/generate", {"max_budget": 1_000_000, "models": ["gpt-4o-mini"]})["key"]
        idle_mb = resident_mb(tollgate)
        direct = run(program, port, port, key, load)
        at_most_mb, is_over = idle_mb, threading.Event()

        def watch() -> None:
            nonlocal at_most_mb
            while not is_over.wait(0.1):
                at_most_mb = max(at_most_mb, resident_mb(tollgate))

        watcher = threading.Thread(target=watch)
        watcher.start()
        before_s = cpu_s(tollgate)
        through = run(program, port, tollgate.port, key, load)
        spent_s = cpu_s(tollgate) - before_s
        is_over.set()
        watcher.join()
        total = int(streams) * int(rate) * int(seconds)
        print(f"{streams} streams of {rate} chunks/s for {seconds} s on {os.cpu_count()} cores")
        for name, result in {"direct": direct, "tollgate": through}.items():
            print(
                f"{name:<10}p50 {result.p50_us / 1000:8.2f} ms   p99 {result.p99_us / 1000:8.2f} ms   most {result.max_us / 1000:8.2f} ms"
                f"   {result.failed} failed   {result.seconds:5.1f} s   load: {result.load_cpu_s / result.seconds:4.2f} cores"
            )
        print(f"added     p50 {(through.p50_us - direct.p50_us) / 1000:8.2f} ms   p99 {(through.p99_us - direct.p99_us) / 1000:8.2f} ms")
        print(f"gateway   {spent_s / through.seconds:.2f} cores, {spent_s / total * 1e6:.1f} µs a chunk, {at_most_mb:.0f} MB at most ({idle_mb:.0f} idle)")
    finally:
        tollgate.remove()


if __name__ == "__main__":
    main()
