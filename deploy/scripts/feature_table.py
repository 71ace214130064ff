#!/usr/bin/env python3
"""Prints the tables of deploy/docs/providers.md from what the SDK tests wrote. Usage: feature_table.py FOLDER"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PROVIDERS = {
    "openai": "OpenAI",
    "azure": "Azure OpenAI",
    "anthropic": "Anthropic",
    "bedrock-claude": "Bedrock: Claude",
    "bedrock-nova": "Bedrock: Nova",
    "gemini": "Google AI Studio",
    "vertex": "Vertex AI: Gemini",
    "vertex-claude": "Vertex AI: Claude",
    "cohere": "Cohere",
    "ollama": "Ollama",
    "tgi": "Hugging Face TGI",
}
MARKS = {"works": "✓", "refused": "400", "ignored": "·"}
#: The clients whose tests ask for everything, and what is said above their tables.
THOROUGH = {
    "OpenAI Python": "## What a chat may ask for\n\nThrough OpenAI's Python SDK.",
    "Anthropic Python": "## What a message may ask for\n\nThrough Anthropic's Python SDK.",
}
INTRODUCTION = """# Providers and features

Made by `make features` from the tests that ran: each ✓ is a test in `e2e/sdk` that asked a fake provider for it, which
refuses what the real one refuses. `make test` fails where this page says something else.

✓ works · **400**: refused, with a message that names what the provider has not got; `drop_params` has it left out ·
**·** taken, and nothing comes of it
"""
CLIENTS = """## Clients

Chat, streams, loops of tools (whole and streamed), vision and answers by a JSON schema, by each client with each provider.
"""


def table(head: str, rows: dict[str, dict[str, str]]) -> str:
    """Markdown, a column for each provider."""
    lines = [[head, *PROVIDERS.values()], ["---", *(":-:" for _ in PROVIDERS)]]
    lines += [[name, *(cells.get(provider, "") for provider in PROVIDERS)] for name, cells in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """All tables."""
    files = [Path(sys.argv[1]) / name for name in ("python.json", "node.json")]
    if missing := [file.name for file in files if not file.exists()]:
        sys.exit(f"{', '.join(missing)} not there: the SDK tests have to run first, as in make features")
    results = [result for file in files for result in json.loads(file.read_text())]
    page = [INTRODUCTION]
    for client, heading in THOROUGH.items():
        features: dict[str, dict[str, str]] = {}
        for one in results:
            if one["client"] == client:
                features.setdefault(one["feature"], {})[one["model"]] = MARKS[one["outcome"]]
        page += [heading + "\n", table("", features)]
    common = {one["feature"] for one in results if one["client"] not in THOROUGH}
    clients: dict[str, dict[str, list[str]]] = {}
    for one in (one for one in results if one["feature"] in common):
        lacks = clients.setdefault(one["client"], {}).setdefault(one["model"], [])
        lacks += [one["feature"]] if one["outcome"] != "works" else []
    said = {name: {model: f"✓ but {', '.join(lacks)}" if lacks else "✓" for model, lacks in by.items()} for name, by in sorted(clients.items())}
    print("\n".join([*page, CLIENTS, table("", said)]), end="")


if __name__ == "__main__":
    main()
