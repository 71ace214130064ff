"""A fake OpenAI: the Responses API, whole and streamed, and the responses it keeps.

It refuses what OpenAI refuses: unknown fields, a limit of tokens under 16, tools in the form of chat completions, outputs of
calls that nobody made, thoughts that it did not seal, responses that it does not have. What it answers follows from the
conversation, which it puts together from what it keeps.

Wire format: OpenAI's API reference, "Responses" and "Streaming events".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import fake
from fake import CITIES, DOCUMENT, TEXT, Answer, Call, Provider, Refused, words

KEY = "sk-of-openai"
MODEL = "gpt-4.1-mini"
THOUGHT = "Let me think."
SEALED = "gAAAA-sealed-by-openai"
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens": 6,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 26,
}
FIELDS = {
    "background", "conversation", "include", "input", "instructions", "max_output_tokens", "max_tool_calls", "metadata",
    "model", "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "reasoning", "safety_identifier",
    "service_tier", "store", "stream", "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs",
    "top_p", "truncation", "user",
}  # fmt: skip


def refuse(status: int, message: str, param: str | None = None, code: str | None = None) -> Refused:
    return Refused(status, {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}})


def need(is_so: bool, message: str, param: str | None = None) -> None:
    if not is_so:
        raise refuse(400, message, param)


def items_of(given: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [{"type": "message", **item} if "role" in item else item for item in given]


def text_of(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else " ".join(part["text"] for part in content if "text" in part)


def check(body: dict[str, Any]) -> None:
    for field in body:
        need(field in FIELDS, f"Unknown parameter: '{field}'.", field)
    need(body.get("model") == MODEL, f"The model '{body.get('model')}' does not exist.", "model")
    limit = body.get("max_output_tokens")
    need(limit is None or limit >= 16, "Invalid 'max_output_tokens': expected a value >= 16.", "max_output_tokens")
    for number, tool in enumerate(body.get("tools") or []):
        is_named = tool["type"] not in ("function", "custom") or "name" in tool
        need(is_named, f"Missing required parameter: 'tools[{number}].name'.", f"tools[{number}].name")
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        need("name" in form and form["schema"].get("additionalProperties") is False, "Invalid schema.", "text.format.schema")


def check_items(items: list[dict[str, Any]]) -> None:
    called: set[str] = set()
    for number, item in enumerate(items):
        kind = item["type"]
        if kind in ("function_call", "custom_tool_call"):
            need(len(item["call_id"]) <= 64, f"Invalid 'input[{number}].call_id': string too long.")
            called.add(item["call_id"])
        elif kind in ("function_call_output", "custom_tool_call_output"):
            need(item["call_id"] in called, f"No tool call found for function call output with call_id {item['call_id']}.", "input")
        elif kind == "reasoning" and item.get("encrypted_content"):
            need(item["encrypted_content"] == SEALED, "The encrypted content could not be verified.", "input")
        elif kind == "message" and not isinstance(item["content"], str):
            expected = "output_text" if item["role"] == "assistant" else "input_text"
            need(all(part["type"] == expected for part in item["content"] if "text" in part), f"Invalid value: expected '{expected}'.", "input")


def output_of(body: dict[str, Any], items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the model says."""
    thoughts: list[dict[str, Any]] = []
    if body.get("reasoning"):
        sealed = {"encrypted_content": SEALED} if "reasoning.encrypted_content" in (body.get("include") or []) else {}
        summary = [{"type": "summary_text", "text": THOUGHT}] if body["reasoning"].get("summary") else []
        thoughts = [{"id": "rs_1", "type": "reasoning", "summary": summary, **sealed}]
    last = items[-1]
    said = text_of(last["content"]) if last["type"] == "message" else ""
    if "too long" in said:
        raise refuse(400, "Your input exceeds the context window of this model.", "input", "context_length_exceeded")
    if last["type"].endswith("_call_output"):
        outputs = [text_of(item["output"]) for item in items if item["type"].endswith("_call_output")]
        return [*thoughts, message(f"It says: {'; '.join(outputs)}")]
    tools = body.get("tools") or []
    if tools and tools[0]["type"] == "function":
        name = tools[0]["name"]
        return [*thoughts, *(call(number, name, json.dumps({"city": city})) for number, city in enumerate(CITIES))]
    if tools and tools[0]["type"] == "custom":
        item = {"id": "ctc_1", "type": "custom_tool_call", "status": "completed", "call_id": "call_0", "name": tools[0]["name"]}
        return [*thoughts, {**item, "input": TEXT}]
    if (body.get("text") or {}).get("format", {}).get("type") == "json_schema":
        return [*thoughts, message(json.dumps(DOCUMENT))]
    content = last["content"] if isinstance(last["content"], list) else []
    if images := [part["image_url"] for part in content if part["type"] == "input_image"]:
        return [*thoughts, message(f"I see {', '.join(image.split(';')[0].removeprefix('data:') for image in images)}.")]
    if files := [part["filename"] for part in content if part["type"] == "input_file"]:
        return [*thoughts, message(f"I read {', '.join(files)}.")]
    if "refuse" in said:
        return [{**message(""), "content": [{"type": "refusal", "refusal": "I will not."}]}]
    return [*thoughts, message(f"{len(items)} items." if "How many" in said else TEXT)]


def message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}


def call(number: int, name: str, arguments: str) -> dict[str, Any]:
    ids = {"id": f"fc_{number}", "call_id": f"call_{number}"}
    return {**ids, "type": "function_call", "status": "completed", "name": name, "arguments": arguments}


def events_of(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same response as a stream."""
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        at = {"item_id": item["id"], "output_index": index}
        bare = {"content": [], "status": "in_progress"} if item["type"] == "message" else {}
        bare = {"arguments": "", "status": "in_progress"} if item["type"] == "function_call" else bare
        bare = {"input": ""} if item["type"] == "custom_tool_call" else {"summary": []} if item["type"] == "reasoning" else bare
        yield {"type": "response.output_item.added", "output_index": index, "item": {**item, **bare}}
        for number, part in enumerate(item.get("summary", [])):
            here = {**at, "summary_index": number}
            yield {"type": "response.reasoning_summary_part.added", **here, "part": {"type": "summary_text", "text": ""}}
            for word in words(part["text"]):
                yield {"type": "response.reasoning_summary_text.delta", **here, "delta": word}
            yield {"type": "response.reasoning_summary_text.done", **here, "text": part["text"]}
            yield {"type": "response.reasoning_summary_part.done", **here, "part": part}
        for number, part in enumerate(item.get("content", [])):
            yield from part_events({**at, "content_index": number}, part)
        for field, kind in (("arguments", "function_call_arguments"), ("input", "custom_tool_call_input")):
            if field in item:
                half = len(item[field]) // 2
                for delta in (item[field][:half], item[field][half:]):
                    yield {"type": f"response.{kind}.delta", **at, "delta": delta}
                yield {"type": f"response.{kind}.done", **at, field: item[field]}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{response['status']}", "response": response}


def part_events(here: dict[str, Any], part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    field, kind = ("text", "output_text") if part["type"] == "output_text" else ("refusal", "refusal")
    logprobs: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
    yield {"type": "response.content_part.added", **here, "part": {**part, field: ""}}
    for word in words(part[field]):
        yield {"type": f"response.{kind}.delta", **here, "delta": word, **logprobs}
    yield {"type": f"response.{kind}.done", **here, field: part[field], **logprobs}
    yield {"type": "response.content_part.done", **here, "part": part}


class OpenAiResponses(Provider):
    """Keeps what it answered."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[str, Any]] = {}
        self.items: dict[str, list[dict[str, Any]]] = {}

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise refuse(401, "Incorrect API key provided.", code="invalid_api_key")
        base, _, rest = call.path.partition("/v1/responses")
        if base:
            raise refuse(404, f"Invalid URL ({call.method} {call.path})")
        if not rest and call.method == "POST":
            return self.create(call.body)
        return self.stored(call, *rest.strip("/").split("/"))

    def create(self, body: dict[str, Any]) -> Answer:
        check(body)
        given = items_of(body.get("input") or [])
        before: list[dict[str, Any]] = []
        if previous := body.get("previous_response_id"):
            if previous not in self.kept:
                raise refuse(400, f"Previous response with id '{previous}' not found.", "previous_response_id", "previous_response_not_found")
            before = [*self.items[previous], *self.kept[previous]["output"]]
        items = [*before, *given]
        check_items(items)
        output = output_of(body, items)
        is_cut = "a long story" in text_of(items[-1].get("content", ""))
        response = {
            "id": f"resp_{len(self.calls):04}", "object": "response", "created_at": 1_700_000_000, "error": None,
            "status": "incomplete" if is_cut else "completed", "model": f"{MODEL}-2025-04-14", "output": output,
            "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None, "usage": USAGE,
            "instructions": body.get("instructions"), "metadata": body.get("metadata") or {},
            "parallel_tool_calls": True, "previous_response_id": previous, "store": body.get("store", True),
            "temperature": 1.0, "text": body.get("text") or {"format": {"type": "text"}}, "tools": body.get("tools") or [],
            "tool_choice": body.get("tool_choice") or "auto", "top_p": 1.0, "truncation": "disabled",
        }  # fmt: skip
        if body.get("store", True):
            self.kept[response["id"]], self.items[response["id"]] = response, items
        if not body.get("stream"):
            return Answer(response)
        numbered = [{**event, "sequence_number": number} for number, event in enumerate(events_of(response))]
        return Answer(pieces=[fake.sse(event, event["type"]) for event in numbered], content_type="text/event-stream")

    def stored(self, call: Call, id: str, what: str = "") -> Answer:
        if id not in self.kept:
            raise refuse(404, f"Response with id '{id}' not found.")
        match call.method, what:
            case "GET", "":
                return Answer(self.kept[id])
            case "DELETE", "":
                del self.kept[id]
                return Answer({"id": id, "object": "response", "deleted": True})
            case "GET", "input_items":
                data = [{"id": f"msg_{number}", "status": "completed", **item} for number, item in enumerate(self.items[id])]
                data = data[: int(call.query.get("limit", 20))]
                return Answer({"object": "list", "data": data, "first_id": "msg_0", "last_id": data[-1]["id"], "has_more": False})
            case "POST", "cancel":
                raise refuse(400, "Only responses with 'background' can be cancelled.")
        raise refuse(405, "Method not allowed.")
