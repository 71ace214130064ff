#!/usr/bin/env python3
"""Every fake provider at once. Run by itself it prints what `matrix.yaml` reads of the environment, as a JSON object, and
serves until its standard input ends.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "upstream"))

import azure  # noqa: E402
import cohere  # noqa: E402
import fake_anthropic  # noqa: E402
import fake_bedrock  # noqa: E402
import fake_google  # noqa: E402
import fake_openai  # noqa: E402
from ollama import Ollama  # noqa: E402
from tgi import Tgi  # noqa: E402


class Providers:
    """The servers, in threads of this process."""

    def __init__(self) -> None:
        self.openai = fake_openai.OpenAi()
        self.azure = azure.Azure()
        self.anthropic = fake_anthropic.FakeAnthropic()
        self.bedrock = fake_bedrock.Aws()
        self.google = fake_google.Google()
        self.cohere = cohere.Cohere()
        self.ollama = Ollama()
        self.tgi = Tgi()

    @property
    def env(self) -> dict[str, str]:
        """Where they are, and what they take for credentials."""
        return {
            # By this name the gateway knows OpenAI itself, whose API takes less than others that speak its protocol.
            "OPENAI_URL": f"{self.openai.origin}/api.openai.com/v1",
            "OPENAI_KEY": fake_openai.KEY,
            "AZURE_URL": self.azure.origin,
            "AZURE_KEY": azure.KEY,
            "ANTHROPIC_URL": self.anthropic.origin,
            "ANTHROPIC_KEY": fake_anthropic.KEY,
            "BEDROCK_URL": self.bedrock.origin,
            "BEDROCK_KEY": fake_bedrock.ACCESS_KEY,
            "BEDROCK_SECRET": fake_bedrock.SECRET_KEY,
            "GEMINI_URL": f"{self.google.origin}/v1beta",
            "GEMINI_KEY": fake_google.API_KEY,
            "VERTEX_URL": self.google.origin,
            "VERTEX_CREDENTIALS": json.dumps(self.google.service_account()),
            "COHERE_URL": self.cohere.origin,
            "COHERE_KEY": cohere.KEY,
            "OLLAMA_URL": self.ollama.origin,
            "TGI_URL": self.tgi.origin,
        }

    def calls(self, model: str) -> list[tuple[str, Any]]:
        """What the provider of a model was asked so far, oldest first: paths and bodies. Without looks at its list of
        models, which LiteLLM takes in the background once it serves.
        """
        match model.split("-")[0]:
            case "anthropic":
                return [("/v1/messages", body) for body in self.anthropic.received]
            case "bedrock":
                return [(f"/model/{call['model']}/{call['operation']}", call["body"]) for call in self.bedrock.calls]
            case "gemini" | "vertex":
                return [(call["path"], fake_google.camel(call["body"])) for call in self.google.calls]
            case name:
                return [(call.path, call.body) for call in getattr(self, name).calls if call.method == "POST"]

    def stop(self) -> None:
        """Ends all of them."""
        for fake in vars(self).values():
            fake.stop()


if __name__ == "__main__":
    providers = Providers()
    print(json.dumps(providers.env), flush=True)
    sys.stdin.read()
