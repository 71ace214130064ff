"""A fake OpenAI: chat completions, whole and streamed, and embeddings.

It refuses what OpenAI refuses: a wrong key, arguments and parts it does not know, results that do not match the calls
before them, schemas that `strict` does not allow. What it answers follows from the conversation; see `reply`.

Wire format: OpenAI's API reference, "Create chat completion" and "Streaming"; "Structured model outputs".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from fake import CITIES, DOCUMENT, INPUT_TOKENS, OUTPUT_TOKENS, TEXT, WEATHER, Answer, Call, Provider, Refused, asked_failure, cut, example, sse, words
from openai_tasks import embed

KEY = "sk-of-openai"
FIELDS = {
    "model", "messages", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "metadata", "modalities", "n", "parallel_tool_calls", "prediction",
    "presence_penalty", "prompt_cache_key", "prompt_cache_retention", "reasoning_effort", "response_format",
    "safety_identifier", "seed", "service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice",
    "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
}  # fmt: skip
MESSAGE_FIELDS = {
    "developer": {"content", "name"},
    "system": {"content", "name"},
    "user": {"content", "name"},
    "assistant": {"content", "name", "refusal", "audio", "tool_calls", "function_call", "annotations"},
    "tool": {"content", "tool_call_id", "name"},
}
PARTS = {"text": "text", "image_url": "image_url", "input_audio": "input_audio", "file": "file", "refusal": "refusal"}
#: Errors by status, as a prompt may ask for them, and by other words in it.
FAILURES = {
    400: ("invalid_request_error", None, "That is no good request."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "unsupported_country_region_territory", "Country not supported."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", None, "The engine is currently overloaded."),
}
PROMPTS = {
    "too long": ("context_length_exceeded", "This model's maximum context length is 128000 tokens."),
    "forbidden": ("content_policy_violation", "Your request was rejected by our safety system."),
}
REFUSAL = "I'm sorry, I cannot help with that."
CACHED_TOKENS = 1024
CITED = {"type": "url_citation", "url_citation": {"start_index": 0, "end_index": 9, "title": "Foxes", "url": "https://fox.example/"}}


def error(status: int, kind: str, code: str | None, message: str, param: str | None = None) -> Refused:
    refused = Refused(status, {"error": {"message": message, "type": kind, "param": param, "code": code}})
    if status == 429:
        refused.answer.headers["retry-after"] = "7"
    return refused


def need(holds: bool, message: str, param: str | None = None) -> None:
    if not holds:
        raise error(400, "invalid_request_error", None, message, param)


class OpenAi(Provider):
    """Checks every argument against the reference."""

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise error(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
        if call.path.endswith("/v1/embeddings"):
            return embed(call)
        if not call.path.endswith("/v1/chat/completions"):
            raise error(404, "invalid_request_error", None, f"Invalid URL (POST {call.path})")
        body = call.body
        check(body)
        said = json.dumps(body["messages"][-1])
        if status := asked_failure(said):
            kind, code, message = FAILURES[status]
            raise error(status, kind, code, message)
        for prompt, (code, message) in PROMPTS.items():
            if prompt in said:
                raise error(400, "invalid_request_error", code, message)
        if body.get("stream"):
            return Answer(pieces=stream(body), content_type="text/event-stream", headers={"x-request-id": "req_1"})
        return Answer(whole(body), headers={"x-request-id": "req_1"})


def check(body: dict[str, Any]) -> None:
    for field in body.keys() - FIELDS:
        need(False, f"Unrecognized request argument supplied: {field}")
    need(bool(body.get("messages")), "Missing required parameter: 'messages'.", "messages")
    need(body.get("stream") or "stream_options" not in body, "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    called: set[str] = set()
    for number, message in enumerate(body["messages"]):
        at = f"messages[{number}]"
        fields = MESSAGE_FIELDS.get(message.get("role"))
        need(fields is not None, f"Invalid value: '{message.get('role')}'.", f"{at}.role")
        assert fields is not None
        for field in message.keys() - fields - {"role"}:
            need(False, f"Unknown parameter: '{at}.{field}'.", f"{at}.{field}")
        if message["role"] == "tool":
            need(message.get("tool_call_id") in called, "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.", at)
            called.discard(message["tool_call_id"])
        else:
            need(not called, "An assistant message with 'tool_calls' must be followed by tool messages.", at)
            called = {call["id"] for call in message.get("tool_calls") or []}
        check_parts(message.get("content"), f"{at}.content")
    for tool in body.get("tools") or []:
        need(tool["type"] == "function" and not tool["function"].keys() - {"name", "description", "parameters", "strict"}, "Unknown parameter in 'tools'.", "tools")
    if form := (body.get("response_format") or {}).get("json_schema"):
        need(not form.get("strict") or is_strict(form["schema"]), "Invalid schema for response_format: 'additionalProperties' is required to be supplied and to be false.", "response_format")


def check_parts(content: Any, at: str) -> None:
    for number, part in enumerate(content if isinstance(content, list) else []):
        member = PARTS.get(part.get("type"))
        need(member is not None, f"Invalid value: '{part.get('type')}'.", f"{at}[{number}].type")
        for field in part.keys() - {"type", member}:
            need(False, f"Unknown parameter: '{at}[{number}].{field}'.", f"{at}[{number}].{field}")
        url = (part.get("image_url") or {}).get("url", "")
        if url.startswith("data:"):
            base64.b64decode(url.partition(",")[2], validate=True)


def is_strict(schema: Any) -> bool:
    """Whether every object in it lists all its properties as required and allows no others."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties", {}) if schema.get("type") == "object" else {}
    closed = schema.get("type") != "object" or (schema.get("additionalProperties") is False and set(schema.get("required", [])) == properties.keys())
    return closed and all(map(is_strict, schema.values()))


def reply(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What the model says to a request in OpenAI's form, and why it ends."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return {"role": "assistant", "content": WEATHER}, "stop"
    choice = body.get("tool_choice")
    if body.get("tools") and choice != "none":
        chosen = choice["function"]["name"] if isinstance(choice, dict) else body["tools"][0]["function"]["name"]
        function = next(tool["function"] for tool in body["tools"] if tool["function"]["name"] == chosen)
        is_once = isinstance(choice, dict) or body.get("parallel_tool_calls") is False or gives_answer(function)
        cities = CITIES[:1] if is_once else CITIES
        return {"role": "assistant", "content": None, "tool_calls": [call_of(function, city) for city in cities]}, "tool_calls"
    if "refuse me" in json.dumps(last):
        return {"role": "assistant", "content": None, "refusal": REFUSAL}, "stop"
    if body.get("response_format", {}).get("type") in ("json_schema", "json_object"):
        return {"role": "assistant", "content": json.dumps(DOCUMENT)}, "stop"
    if isinstance(last["content"], list) and (seen := [see(part) for part in last["content"] if part["type"] != "text"]):
        return {"role": "assistant", "content": " ".join(seen)}, "stop"
    text, is_cut = cut(TEXT, body.get("max_completion_tokens") or body.get("max_tokens"))
    cited = {"annotations": [CITED]} if "web_search_options" in body else {}
    return {"role": "assistant", "content": text, **cited}, "length" if is_cut else "stop"


def gives_answer(function: dict[str, Any]) -> bool:
    """Whether the call is the answer itself, of which there is one, and no question for the weather of a city."""
    return "degrees" in function["parameters"].get("properties", {})


def call_of(function: dict[str, Any], city: str) -> dict[str, Any]:
    """A call in OpenAI's form, which others have, too."""
    arguments = json.dumps(example(function["parameters"], city))
    return {"id": f"call_{city}", "type": "function", "function": {"name": function["name"], "arguments": arguments}}


def see(part: dict[str, Any]) -> str:
    match part["type"]:
        case "image_url":
            return f"An image: {part['image_url']['url']}"
        case "file":
            return f"A document: {part['file']['file_data'].partition(';')[0]}"
        case kind:
            return f"A part: {kind}"


def usage(body: dict[str, Any]) -> dict[str, Any]:
    """Tokens, by kind where the request has reason for it."""
    reasoning = 2 if body.get("reasoning_effort") else 0
    total = {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS}
    cached = {"cached_tokens": 4 if body.get("prompt_cache_key") else 0, "audio_tokens": 0}
    return {**total, "prompt_tokens_details": cached, "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0}}


def logprob(word: str, body: dict[str, Any]) -> dict[str, Any]:
    entry = {"token": word, "logprob": -0.25, "bytes": list(word.encode())}
    return {**entry, "top_logprobs": [entry] * body.get("top_logprobs", 0)}


def logprobs(text: str | None, body: dict[str, Any]) -> dict[str, Any] | None:
    if not body.get("logprobs"):
        return None
    return {"content": [logprob(word, body) for word in words(text or "")], "refusal": None}


def whole(body: dict[str, Any]) -> dict[str, Any]:
    """The answer at once."""
    message, finish = reply(body)
    message = {"refusal": None, "annotations": [], **message}
    choices = [
        {"index": index, "message": message, "logprobs": logprobs(message["content"], body), "finish_reason": finish}
        for index in range(body.get("n") or 1)
    ]
    return {**head(body), "object": "chat.completion", "choices": choices, "usage": usage(body)}


def head(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1", "created": 1_700_000_000, "model": f"{body.get('model', 'gpt-4o')}-2024-08-06",
        "service_tier": body.get("service_tier", "default"), "system_fingerprint": "fp_1",
    }  # fmt: skip


def chunks(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same answer as a stream."""
    wants_usage = (body.get("stream_options") or {}).get("include_usage")
    about = {**head(body), "object": "chat.completion.chunk", **({"usage": None} if wants_usage else {})}

    def chunk(delta: dict[str, Any], index: int, finish: str | None = None, word: str | None = None) -> dict[str, Any]:
        probabilities = logprobs(word, body) if word else None
        return {**about, "choices": [{"index": index, "delta": delta, "logprobs": probabilities, "finish_reason": finish}]}

    message, finish = reply(body)
    for index in range(body.get("n") or 1):
        yield chunk({"role": "assistant", "content": None if message.get("tool_calls") else "", "refusal": None}, index)
        for word in words(message.get("content") or ""):
            yield chunk({"content": word}, index, word=word)
        for word in words(message.get("refusal") or ""):
            yield chunk({"refusal": word}, index)
        for place, call in enumerate(message.get("tool_calls", [])):
            begun = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
            yield chunk({"tool_calls": [{"index": place, **begun}]}, index)
            arguments = call["function"]["arguments"]
            for piece in (arguments[:5], arguments[5:]):
                yield chunk({"tool_calls": [{"index": place, "function": {"arguments": piece}}]}, index)
        if message.get("annotations"):
            yield chunk({"annotations": message["annotations"]}, index)
        yield chunk({}, index, finish)
    if wants_usage:
        yield {**about, "choices": [], "usage": usage(body)}


def stream(body: dict[str, Any]) -> Iterator[str]:
    for chunk in chunks(body):
        yield sse(chunk)
    yield sse("[DONE]")
