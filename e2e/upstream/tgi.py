"""A fake Text Generation Inference of Hugging Face's, with its Messages API.

Forms: Hugging Face, "Text Generation Inference, Messages API", and its router's `ChatRequest`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from azure import reply, usage
from fake import Answer, Call, Provider, Refused, sse, words

ROLES = {"system", "user", "assistant", "tool"}


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
        if "LONG" in json.dumps(body["messages"]):
            raise Refused(422, {"error": "Input validation error: `inputs` must have less than 100 tokens.", "error_type": "validation"})
        if body.get("stream"):
            return Answer(pieces=stream(body), content_type="text/event-stream")
        message, finish = reply(body)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return Answer({"id": "", "object": "chat.completion", "created": 1, "model": "tgi", "choices": [choice], "usage": usage()})


def stream(body: dict[str, Any]) -> Iterator[str]:
    head = {"id": "", "object": "chat.completion.chunk", "created": 1, "model": "tgi"}
    message, finish = reply(body)
    for word in words(message["content"] or ""):
        yield sse({**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}]})
    for index, call in enumerate(message.get("tool_calls", [])):
        yield sse({**head, "choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [{"index": index, **call}]}, "finish_reason": None}]})
    yield sse({**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": finish}]})
    if body.get("stream_options", {}).get("include_usage"):
        yield sse({**head, "choices": [], "usage": usage()})
    yield sse("[DONE]")
