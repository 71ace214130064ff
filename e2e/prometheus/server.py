"""A Prometheus of the tests' own, with the configuration and the rules of deploy/prometheus."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tollgate import ROOT, eventually, free_port

FOLDER = ROOT / "deploy" / "prometheus"


def program(name: str) -> str:
    """Debian's `prometheus` or `promtool`: where set-up left it, or installed."""
    kept = os.environ.get("TOLLGATE_PROMETHEUS", "")
    found = shutil.which(name, path=os.pathsep.join(filter(None, [kept, os.environ["PATH"]])))
    assert found, f"{name} is missing: deploy/scripts/setup.sh prometheus"
    return found


class Prometheus:
    """Scrapes one gateway every second."""

    def __init__(self, target: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tollgate-prometheus-"))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        config = (FOLDER / "prometheus.yml").read_text()
        for shipped, here in [("localhost:4000", target), ("_interval: 15s", "_interval: 1s")]:
            assert shipped in config
            config = config.replace(shipped, here)
        (self._folder / "prometheus.yml").write_text(config)
        shutil.copy(FOLDER / "rules.yml", self._folder)
        self._log = open(self._folder / "output.log", "wb")
        self._process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={self._folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self._folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=self._log,
            stderr=self._log,
        )

    def wait(self) -> None:
        """Waits until it answers."""
        eventually(self._is_ready, f"Prometheus to start: {self.output()}", 20)

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self.output()
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def output(self) -> str:
        """What it wrote."""
        return (self._folder / "output.log").read_text(errors="replace")

    def get(self, path: str, **query: str) -> Any:
        """`data` of an answer of its API."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {query}: {error.read().decode()}") from error

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression is now."""
        result: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return result

    def number(self, expression: str) -> float:
        """The figure of an expression with one; not a number where there is none yet."""
        result = self.query(expression)
        return float(result[0]["value"][1]) if len(result) == 1 else float("nan")

    def remove(self) -> None:
        """Ends it and removes its data."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)
