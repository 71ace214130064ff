#!/usr/bin/env python3
"""Measures what the gateway adds to a call of 1 MB, by provider. Usage: translation.py BINARY [CALLS]

All of it: reading, admission, translation, the signature, reading the answer; from `x-litellm-overhead-duration-ms`. The
Python environment has to be that of the SDK tests, for the fake providers.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))
from providers import Providers  # noqa: E402

from tollgate import E2E, MASTER_KEY, Tollgate  # noqa: E402

MODELS = ["openai", "anthropic", "bedrock-claude", "gemini", "vertex"]
BYTES = 1_000_000
SENTENCE = "The rivers of Norway run to the sea. "
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
ASKED = {"role": "user", "content": "Say something."}


def repeated(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same turns, until they are as long as they are to be."""
    return turns * (BYTES // len(json.dumps(turns)))


def requests() -> dict[str, dict[str, Any]]:
    """Long conversations of each kind."""
    said = {"role": "user", "content": SENTENCE * 20}, {"role": "assistant", "content": SENTENCE * 20}
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": json.dumps({"city": SENTENCE * 8})}}
    used = {"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": SENTENCE * 10}
    image = base64.b64encode(os.urandom(BYTES * 3 // 4)).decode()
    seen = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}]
    return {
        "turns": {"messages": [*repeated(list(said)), ASKED]},
        "one text": {"messages": [{"role": "user", "content": SENTENCE * (BYTES // len(SENTENCE))}]},
        "image": {"messages": [{"role": "user", "content": seen}]},
        "tools": {"messages": [ASKED, *repeated(list(used)), ASKED], "tools": [TOOL]},
    }


def overhead_ms(url: str, body: bytes) -> float:
    """Of one call."""
    headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/v1/chat/completions", body, headers)) as response:
        response.read()
        return float(response.headers["x-litellm-overhead-duration-ms"])


def main() -> None:
    """Every kind to every provider."""
    os.environ["TOLLGATE_BIN"] = str(Path(sys.argv[1]).resolve())
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    providers = Providers()
    tollgate = Tollgate(SimpleNamespace(origin="http://127.0.0.1:9"), E2E / "harness" / "matrix.yaml", providers.env)  # type: ignore[arg-type]
    tollgate.env.pop("DATABASE_URL", None)
    try:
        tollgate.start()
        print(f"{'added to 1 MB, ms':<20}{'least':>8}{'median':>8}{'most':>8}")
        for kind, fields in requests().items():
            for model in MODELS:
                body = json.dumps({"model": model, "max_tokens": 50, **fields}).encode()
                took = sorted(overhead_ms(tollgate.url, body) for _ in range(calls))
                print(f"{f'{kind}, {model}':<20.20}{took[0]:>8.2f}{took[len(took) // 2]:>8.2f}{took[-1]:>8.2f}")
    finally:
        tollgate.remove()
        providers.stop()


if __name__ == "__main__":
    main()
