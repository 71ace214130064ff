"""Starts the built binary on a free port with a data folder of its own, in front of the fake provider.

Used by the Python SDK tests and the fault tests; its Node twin is tollgate.mjs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Callable, TypeVar

E2E = Path(__file__).resolve().parent.parent
ROOT = E2E.parent
CONFIG = E2E / "harness" / "config.yaml"
MASTER_KEY = "sk-master-key-of-the-tests"
READY_S_MAX = 30.0
STOP_S_MAX = 15.0

T = TypeVar("T")


def binary() -> str:
    """The binary under test: TOLLGATE_BIN, or what cargo left."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    named = os.environ.get("TOLLGATE_BIN")
    for file in [*([Path(named)] if named else []), target / "debug/tollgate", target / "release/tollgate"]:
        if file.exists():
            return str(file)
    raise RuntimeError("no binary: set TOLLGATE_BIN or run cargo build --package tollgate")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def eventually(check: Callable[[], T], what: str, seconds_max: float = 10.0) -> T:
    """Polls until `check` gives something: the ledger is written behind the answers."""
    end = time.monotonic() + seconds_max
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds_max} s for {what}")
        time.sleep(0.05)


class Upstream:
    """The fake provider, a process of its own."""

    def __init__(self) -> None:
        command = ["node", str(E2E / "upstream" / "main.mjs")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.origin = self.process.stdout.readline().strip()

    def calls(self) -> list[dict[str, Any]]:
        """What arrived, oldest first."""
        with urllib.request.urlopen(f"{self.origin}/calls") as response:
            return json.load(response)

    def stop(self) -> None:
        """Closes its input, which ends it."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=STOP_S_MAX)


class Tollgate:
    """The gateway. `start` may be called again after it ended: the data stays until `remove`."""

    def __init__(self, upstream: Upstream, config: Path | None = CONFIG, env: dict[str, str] | None = None) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="tollgate-e2e-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = config
        #: What runs the binary, such as `taskset -c 0`.
        self.prefix: list[str] = []
        self.env = {
            "PATH": os.environ["PATH"],
            "FAKE_UPSTREAM_URL": f"{upstream.origin}/v1",
            "LITELLM_MASTER_KEY": MASTER_KEY,
            "LITELLM_SALT_KEY": "salt-of-the-tests",
            **({"DATABASE_URL": url} if (url := os.environ.get("TOLLGATE_TEST_DATABASE_URL")) else {}),
            **(env or {}),
        }
        self.log = open(self.data / "output.log", "ab")
        self.process: subprocess.Popen[bytes] | None = None

    def flags(self) -> list[str]:
        """What `serve` and `ledger verify` both take."""
        config = ["--config", str(self.config)] if self.config else []
        return [*config, "--data", str(self.data)]

    def spawn(self) -> None:
        """Starts the process without waiting for it."""
        command = [*self.prefix, binary(), "serve", *self.flags(), "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=self.data, env=self.env, stdout=self.log, stderr=self.log)

    def start(self) -> "Tollgate":
        """Starts the process and waits until it serves."""
        self.spawn()
        assert self.process
        end = time.monotonic() + READY_S_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"tollgate ended with {self.process.returncode}\n{self.output()}")
            if self.is_ready():
                return self
            time.sleep(0.02)
        raise RuntimeError(f"tollgate was not ready after {READY_S_MAX} s\n{self.output()}")

    def is_ready(self) -> bool:
        """Whether readiness answers 200."""
        try:
            with urllib.request.urlopen(f"{self.url}/health/readiness", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs another command of the binary on the same data."""
        return self.run_with([*arguments, *self.flags()])

    def run_with(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        """Runs the binary with just these arguments."""
        command = [binary(), *arguments]
        return subprocess.run(command, cwd=self.data, env=self.env, capture_output=True, text=True, timeout=120)

    def manage(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Calls the management API as the master key; anything but 200 is an error."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def logs_of(self, key: str, **filters: str) -> list[dict[str, Any]]:
        """Every call of a key in the ledger, over all pages."""
        # What is written meanwhile pushes rows to the next page: they are seen twice.
        rows: dict[str, dict[str, Any]] = {}
        page = 1
        while True:
            query = urllib.parse.urlencode({"api_key": key, "page": page, "page_size": 100, **filters})
            answer = self.manage("GET", f"/spend/logs/v2?{query}")
            rows |= {row["request_id"]: row for row in answer["data"]}
            if page >= answer["total_pages"]:
                return list(rows.values())
            page += 1

    def output(self) -> str:
        """What the processes so far wrote."""
        return (self.data / "output.log").read_text(errors="replace")

    def signal(self, number: signal.Signals, seconds_max: float = STOP_S_MAX) -> int:
        """Sends a signal, waits for the end, gives the exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(timeout=seconds_max)

    def remove(self) -> None:
        """Ends the process if it runs and removes the data."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)
