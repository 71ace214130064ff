"""A fake Text Generation Inference of Hugging Face's, with its Messages API.

Forms: Hugging Face, "Text Generation Inference, Messages API", and its router's `ChatRequest`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fake import Answer, Call, Provider, Refused, asked_failure, sse
from fake_openai import chunks, whole

ROLES = {"system", "user", "assistant", "tool"}
#: It gives no ids.
HEAD = {"id": "", "created": 1, "model": "tgi"}
#: What its messages have.
MEMBERS = {"role", "content", "tool_calls"}


class Tgi(Provider):
    """Answers like OpenAI's API but takes some parameters in forms of its own."""

    def answer(self, call: Call) -> Answer:
        if call.path != "/v1/chat/completions":
            raise Refused(404, {"error": "Not found", "error_type": "not_found"})
        body = call.body
        stop, form = body.get("stop"), body.get("response_format")
        fits = (stop is None or isinstance(stop, list)) and (form is None or "value" in form)
        if not fits or "max_completion_tokens" in body or any(one["role"] not in ROLES for one in body["messages"]):
            raise Refused(422, {"error": "Failed to deserialize the JSON body into the target type", "error_type": "validation"})
        if unknown := [kind for kind in kinds(body) if kind not in ("text", "image_url")]:
            message = f"Failed to deserialize the JSON body into the target type: unknown variant `{unknown[0]}`"
            raise Refused(422, {"error": message, "error_type": "validation"})
        if re.search("too long|LONG", json.dumps(body["messages"])):
            raise Refused(422, {"error": "Input validation error: `inputs` must have less than 100 tokens.", "error_type": "validation"})
        if status := asked_failure(body["messages"][-1]):
            raise Refused(status, {"error": "Scripted failure.", "error_type": "generation"})
        if body.get("stream"):
            return Answer(pieces=stream(body), content_type="text/event-stream")
        answer = {**whole(body), **HEAD}
        for choice in answer["choices"]:
            choice["message"] = {name: value for name, value in choice["message"].items() if name in MEMBERS}
        return Answer(answer)


def kinds(body: dict[str, Any]) -> list[str]:
    """Of the parts of all messages."""
    return [part["type"] for message in body["messages"] if isinstance(message.get("content"), list) for part in message["content"]]


def stream(body: dict[str, Any]) -> Iterator[str]:
    for chunk in chunks(body):
        choices = [
            {**choice, "delta": {"role": "assistant", **{name: value for name, value in choice["delta"].items() if name in MEMBERS}}}
            for choice in chunk["choices"]
        ]
        yield sse({**chunk, "choices": choices, **HEAD})
    yield sse("[DONE]")
