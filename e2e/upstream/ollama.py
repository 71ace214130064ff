"""A fake Ollama.

Forms: Ollama's API documentation, "Generate a chat completion" and "Generate Embeddings".
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from fake import CITIES, DOCUMENT, INPUT_TOKENS, OUTPUT_TOKENS, TEXT, WEATHER, Answer, Call, Provider, Refused, asked_failure, cut, embedding, example, words

FIELDS = {"model", "messages", "stream", "format", "keep_alive", "tools", "options", "think", "truncate", "shift", "logprobs", "top_logprobs"}
OPTIONS = {"num_predict", "temperature", "top_p", "top_k", "seed", "stop", "presence_penalty", "frequency_penalty", "num_ctx", "min_p"}
MESSAGE_FIELDS = {"role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"}
FIGURES = {"total_duration": 1, "load_duration": 1, "prompt_eval_count": INPUT_TOKENS, "prompt_eval_duration": 1, "eval_count": OUTPUT_TOKENS, "eval_duration": 1}
HEAD = {"model": "llama3.2", "created_at": "2025-07-07T20:22:19.184789Z"}


def require(holds: bool, message: str) -> None:
    """Refuses the call in Ollama's form."""
    if not holds:
        raise Refused(400, {"error": message})


class Ollama(Provider):
    """Checks every member against the documentation."""

    def answer(self, call: Call) -> Answer:
        if call.path == "/api/embed":
            return Answer(embed(call.body))
        if call.path != "/api/chat":
            raise Refused(404, {"error": "404 page not found"})
        body = call.body
        if body.get("model") != "llama3.2":
            raise Refused(404, {"error": f"model '{body.get('model')}' not found"})
        check(body)
        if status := asked_failure(body["messages"][-1]):
            raise Refused(status, {"error": "Scripted failure."})
        # It streams unless told otherwise.
        if body.get("stream", True):
            return Answer(pieces=stream(body), content_type="application/x-ndjson")
        message = reply(body)
        return Answer({**HEAD, "message": message, **logprobs(message["content"], body), "done_reason": reason_of(message, body), "done": True, **FIGURES})


def check(body: dict[str, Any]) -> None:
    require(not body.keys() - FIELDS, f"unknown field {body.keys() - FIELDS}")
    require(not body.get("options", {}).keys() - OPTIONS, "unknown option")
    require(isinstance(body.get("format", {}), dict) or body["format"] == "json", "format")
    for message in body["messages"]:
        require(message.get("role") in ("system", "user", "assistant", "tool"), "role")
        require(not message.keys() - MESSAGE_FIELDS and isinstance(message["content"], str), f"message {message}")
        for image in message.get("images", []):
            try:
                base64.b64decode(image, validate=True)
            except binascii.Error as error:
                raise Refused(400, {"error": "illegal base64 data at input byte 4"}) from error
        for call in message.get("tool_calls", []):
            require(isinstance(call["function"]["arguments"], dict), "arguments")
        if message["role"] == "tool":
            require(message.get("tool_name") == "weather", "tool_name")


def embed(body: dict[str, Any]) -> dict[str, Any]:
    known = {"model", "input", "truncate", "dimensions", "options", "keep_alive"}
    require(not body.keys() - known, f"unknown field {body.keys() - known}")
    if body["model"] != "nomic-embed-text":
        raise Refused(404, {"error": f"model '{body['model']}' not found"})
    vectors = [embedding(text, body.get("dimensions")) for text in body["input"]]
    figures = {"total_duration": 1, "load_duration": 1, "prompt_eval_count": len(vectors)}
    return {"model": body["model"], "embeddings": vectors, **figures}


def reply(body: dict[str, Any]) -> dict[str, Any]:
    last = body["messages"][-1]
    if last["role"] == "tool":
        return {"role": "assistant", "content": WEATHER}
    if body.get("tools"):
        function = body["tools"][0]["function"]
        calls = [{"function": {"name": function["name"], "arguments": example(function["parameters"], city)}} for city in CITIES]
        return {"role": "assistant", "content": "", "tool_calls": calls}
    if isinstance(body.get("format"), dict):
        return {"role": "assistant", "content": json.dumps(DOCUMENT)}
    if last.get("images"):
        return {"role": "assistant", "content": f"An image: data:image/png;base64,{last['images'][0]}"}
    thinks = {"thinking": "Hm."} if body.get("think") else {}
    return {"role": "assistant", "content": cut(TEXT, limit_of(body))[0], **thinks}


def limit_of(body: dict[str, Any]) -> int | None:
    return body.get("options", {}).get("num_predict")


def reason_of(message: dict[str, Any], body: dict[str, Any]) -> str:
    """Why it ended."""
    is_cut = message["content"] != TEXT and cut(TEXT, limit_of(body))[0] == message["content"]
    return "length" if is_cut else "stop"


def logprobs(text: str, body: dict[str, Any]) -> dict[str, Any]:
    if not body.get("logprobs"):
        return {}
    tokens = [{"token": word, "logprob": -0.25, "bytes": list(word.encode())} for word in words(text)]
    return {"logprobs": [{**token, "top_logprobs": [token] * body.get("top_logprobs", 0)} for token in tokens]}


def stream(body: dict[str, Any]) -> Iterator[str]:
    def line(message: dict[str, Any], **more: Any) -> str:
        return json.dumps({**HEAD, "message": {"role": "assistant", "content": "", **message}, "done": False, **more}) + "\n"

    message = reply(body)
    if message.get("thinking"):
        yield line({"thinking": message["thinking"]})
    for word in words(message["content"]):
        yield line({"content": word}, **logprobs(word, body))
    for call in message.get("tool_calls", []):
        yield line({"tool_calls": [call]})
    yield line({}, done_reason=reason_of(message, body), done=True, **FIGURES)
