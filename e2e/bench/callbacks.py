#!/usr/bin/env python3
"""Measures what callbacks cost. Usage: callbacks.py BINARY [ROUNDS [SECONDS]]

Two gateways of the same binary, one without callbacks and one with all of them, take turns on one core; the load, the mock
and whoever is told are on another. Each round measures both under each load, in turns which of them goes first. What is
shown are medians of the rounds, and of the ratios within each round, which hold when the machine's speed drifts.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))
from bench import CONFIG, GATEWAY_CORE, LOAD_CORE, mock_server, nginx, run_wrk, wait_for  # noqa: E402
from tollgate import Tollgate, free_port  # noqa: E402

# Connections, and how many ms each pauses before a call.
LOADS = {"one": (1, 0), "paced": (50, 50), "many": (64, 0)}
WARM_UP_S = 1
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CALLBACKS = """litellm_settings:
  callbacks: [langfuse, otel, generic_api, helicone, lunary, s3]
  s3_callback_params: {{s3_bucket_name: calls, s3_region_name: eu-central-1, s3_endpoint_url: "{url}",
    s3_aws_access_key_id: key, s3_aws_secret_access_key: secret}}
environment_variables:
  LANGFUSE_HOST: "{url}"
  LANGFUSE_PUBLIC_KEY: pk
  LANGFUSE_SECRET_KEY: sk
  OTEL_EXPORTER_OTLP_ENDPOINT: "{url}"
  GENERIC_LOGGER_ENDPOINT: "{url}/logs"
  HELICONE_API_KEY: sk
  HELICONE_API_BASE: "{url}"
  LUNARY_PUBLIC_KEY: pk
  LUNARY_API_URL: "{url}"
"""


def receiver_server(port: int) -> str:
    """An nginx server that takes whatever it is told, as tools and buckets do."""
    taken = "add_header ETag '\"taken\"'; default_type application/json; return 200 '{}';"
    return f"server {{ listen 127.0.0.1:{port} backlog=1024; client_max_body_size 64m; {taken} }}"


class Subject:
    """A gateway, and what was measured of it."""

    def __init__(self, folder: Path, name: str, upstream: str, config: str) -> None:
        self.name = name
        path = folder / f"{name}.yaml"
        path.write_text(config)
        self.tollgate = Tollgate(SimpleNamespace(origin=upstream), path)  # type: ignore[arg-type]
        self.tollgate.env.pop("DATABASE_URL", None)
        self.tollgate.prefix = ["taskset", "-c", GATEWAY_CORE]
        self.tollgate.start()
        fields = {"key_alias": "bench", "max_budget": 1_000_000, "models": ["gpt-4o-mini"]}
        self.key = self.tollgate.manage("POST", "/key/generate", fields)["key"]
        self.figures: dict[str, list[float]] = {}

    def cpu_s(self) -> float:
        """Processor time of the process so far."""
        assert self.tollgate.process
        fields = Path(f"/proc/{self.tollgate.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def settle(self) -> None:
        """Until it has nothing more to do, or for half a minute."""
        for _ in range(60):
            before = self.cpu_s()
            time.sleep(0.5)
            if self.cpu_s() - before <= 0.02:
                return

    def measure(self, load: str, seconds: int) -> None:
        connections, pause_ms = LOADS[load]
        run_wrk(self.tollgate.port, self.key, connections, WARM_UP_S, pause_ms)
        before = self.cpu_s()
        result = run_wrk(self.tollgate.port, self.key, connections, seconds, pause_ms)
        during = self.cpu_s()
        self.settle()
        if result.errors:
            raise SystemExit(f"{result.errors} calls failed")
        for figure, value in {
            "requests/s": result.per_second,
            "p50 µs": result.p50_us,
            "p99 µs": result.p99_us,
            "CPU µs a call": (during - before) * 1e6 / result.requests,
        }.items():
            self.figures.setdefault(f"{load}: {figure}", []).append(value)


def told(subject: Subject) -> str:
    """What became of the calls that were to be told, by tool."""
    with urllib.request.urlopen(f"{subject.tollgate.url}/metrics", timeout=30) as answer:
        metrics = answer.read().decode()
    found = re.findall(r'tollgate_export_(sent|failed|dropped)_total\{destination="(\w+)"\} (\d+)', metrics)
    by_tool: dict[str, list[str]] = {}
    for what, tool, count in found:
        by_tool.setdefault(tool, []).append(f"{what} {int(count):,}")
    return "\n".join(f"{tool:<12}{', '.join(sorted(counts))}" for tool, counts in sorted(by_tool.items()))


def main() -> None:
    """Everything, in one run."""
    os.environ["TOLLGATE_BIN"] = str(Path(sys.argv[1]).resolve())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    folder = Path(tempfile.mkdtemp(prefix="tollgate-bench-"))
    # nginx drops its rights when root starts it.
    folder.chmod(0o755)
    mock_port, receiver_port = free_port(), free_port()
    upstream, receiver = (f"http://127.0.0.1:{port}" for port in (mock_port, receiver_port))
    subjects: list[Subject] = []
    try:
        servers = mock_server(mock_port) + " " + receiver_server(receiver_port)
        with nginx(folder, "mock", LOAD_CORE, servers):
            wait_for(mock_port)
            for name, config in {"off": CONFIG, "on": CONFIG + CALLBACKS.format(url=receiver)}.items():
                subjects.append(Subject(folder, name, upstream, config))
            for turn in range(rounds):
                for load in LOADS:
                    for subject in subjects if turn % 2 == 0 else reversed(subjects):
                        subject.measure(load, seconds)
            show(*subjects, rounds, seconds)
            print(f"\n{told(subjects[1])}")
    finally:
        for subject in subjects:
            subject.tollgate.remove()
        shutil.rmtree(folder, ignore_errors=True)


def show(off: Subject, on: Subject, rounds: int, seconds: int) -> None:
    """A row a figure."""
    print(f"{rounds} rounds of {seconds} s\n\n{'':<24}{'off':>12}{'on':>12}{'on / off':>12}{'least':>9}{'most':>9}")
    for figure, values in off.figures.items():
        ratios = [with_them / without for without, with_them in zip(values, on.figures[figure], strict=True)]
        medians = statistics.median(values), statistics.median(on.figures[figure])
        print(f"{figure:<24}{medians[0]:>12,.1f}{medians[1]:>12,.1f}", end="")
        print(f"{statistics.median(ratios):>12.3f}{min(ratios):>9.3f}{max(ratios):>9.3f}")


if __name__ == "__main__":
    main()
