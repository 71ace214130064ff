"""LiteLLM's proxy beside the gateway: the same config.yaml, the same fake providers, no database."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from tollgate import MASTER_KEY, free_port

READY_S_MAX = 120.0


class LiteLlm:
    """The process. LITELLM_BIN names the program, which setup.sh installs."""

    def __init__(self, config: Path, env: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory(prefix="litellm-")
        self.output = Path(self.folder.name) / "output.log"
        command = [os.environ["LITELLM_BIN"], "--config", str(config), "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder.name,
            env={
                "PATH": os.environ["PATH"],
                "HOME": self.folder.name,
                "LITELLM_MASTER_KEY": MASTER_KEY,
                # What it would fetch from elsewhere at its start.
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_TELEMETRY": "False",
                **env,
            },
            stdout=self.output.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def wait(self) -> "LiteLlm":
        """Until it answers."""
        end = time.monotonic() + READY_S_MAX
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"litellm ended with {self.process.returncode}\n{self.output.read_text()[-4000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}/health/liveliness", timeout=5):
                    return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"litellm was not ready after {READY_S_MAX} s\n{self.output.read_text()[-4000:]}")

    def stop(self) -> None:
        """Ends it and removes its folder."""
        self.process.terminate()
        self.process.wait(timeout=30)
        self.folder.cleanup()
