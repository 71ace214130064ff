"""A fake Anthropic: the Messages API, whole and streamed.

It refuses what Anthropic refuses: a missing key, version or limit of tokens, unknown fields, blank text, turns that do not
begin with the user's, results that do not match the calls before them. What it answers follows from the conversation.

Wire format: Anthropic's API reference, "Create a message" and "Streaming messages", version 2023-06-01.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from fake import CITIES, asked_failure, cut, example

KEY = "sk-ant-of-the-tests"
# What the gateway says by itself, and what Anthropic's SDK says through it.
VERSIONS = {"2023-06-01", "2026-10-21"}
SIGNATURE = "c2lnbmVk"
FIELDS = {
    "model", "max_tokens", "messages", "system", "stop_sequences", "stream", "temperature", "top_p", "top_k", "tools",
    "tool_choice", "thinking", "metadata", "service_tier", "output_config",
}  # fmt: skip
#: What is taken with a beta's header only.
BETA_FIELDS = {"context_management": "context-management-2025-06-27", "output_format": "structured-outputs-2025-11-13"}
USAGE = {"input_tokens": 20, "cache_creation_input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 6}
KINDS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}


class Refusal(Exception):
    """An error in Anthropic's form."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


def need(is_so: bool, message: str) -> None:
    if not is_so:
        raise Refusal(400, "invalid_request_error", message)


def blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def check(body: dict[str, Any], betas: str = "") -> None:
    fields = FIELDS | {field for field, beta in BETA_FIELDS.items() if beta in betas}
    for field in body:
        need(field in fields, f"{field}: Extra inputs are not permitted")
    need(isinstance(body.get("max_tokens"), int) and body["max_tokens"] >= 1, "max_tokens: Field required")
    messages = body.get("messages") or []
    need(bool(messages) and messages[0]["role"] == "user", "messages: first message must use the user role")
    called: set[str] = set()
    for number, message in enumerate(messages):
        need(message["role"] in ("user", "assistant"), f"messages.{number}.role: unexpected role")
        said = blocks(message["content"])
        results = {block["tool_use_id"] for block in said if block["type"] == "tool_result"}
        need(results == called, f"messages.{number}: tool_result blocks must match the tool_use blocks before them")
        called = {block["id"] for block in said if block["type"] == "tool_use"}
        for block in said:
            need(block["type"] != "text" or bool(block["text"].strip()), "messages: text content blocks must be non-empty")
            need(block["type"] != "thinking" or block["signature"] == SIGNATURE, "messages: invalid signature in thinking block")
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        need(1024 <= thinking["budget_tokens"] < body["max_tokens"], "thinking.budget_tokens: out of range")
        need((body.get("tool_choice") or {}).get("type") in (None, "auto", "none"), "Thinking may not be enabled when tool_choice forces tool use")
    for tool in body.get("tools", []):
        need("type" in tool or tool["input_schema"]["type"] == "object", "tools: input_schema.type: Input should be 'object'")


def answer_of(body: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Blocks and the reason to stop."""
    last = blocks(body["messages"][-1]["content"])
    text = " ".join(block["text"] for block in last if block["type"] == "text")
    thoughts = [{"type": "thinking", "thinking": "Let me think.", "signature": SIGNATURE}] if body.get("thinking") else []
    if "too long" in text:
        raise Refusal(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum")
    if status := asked_failure(text):
        raise Refusal(status, KINDS[status], "Scripted failure.")
    if "overloaded" in text:
        raise Refusal(529, "overloaded_error", "Overloaded")
    choice = body.get("tool_choice") or {}
    tools = [tool["name"] for tool in body.get("tools", []) if "input_schema" in tool and choice.get("type") != "none"]
    if choice.get("type") == "tool" or (choice.get("type") == "any" and choice.get("disable_parallel_tool_use")):
        tool = next(tool for tool in body["tools"] if tool["name"] == choice.get("name", tools[0]))
        call = {"type": "tool_use", "id": "toolu_1", "name": tool["name"], "input": example(tool["input_schema"])}
        return [*thoughts, call], "tool_use"
    if results := [block for block in last if block["type"] == "tool_result"]:
        said = "; ".join("".join(part["text"] for part in blocks(result["content"])) for result in results)
        return [*thoughts, {"type": "text", "text": f"It says: {said}"}], "end_turn"
    if tools:
        schema = body["tools"][0]["input_schema"]
        calls = [{"type": "tool_use", "id": f"toolu_{n}", "name": tools[0], "input": example(schema, city)} for n, city in enumerate(CITIES)]
        return [*thoughts, {"type": "text", "text": "Let me look."}, *calls], "tool_use"
    if form := (body.get("output_config") or {}).get("format") or body.get("output_format"):
        return [*thoughts, {"type": "text", "text": json.dumps(example(form["schema"]))}], "end_turn"
    if any(tool.get("type", "").startswith("web_search") for tool in body.get("tools", [])):
        return [*thoughts, *searched()], "end_turn"
    if images := [block for block in last if block["type"] in ("image", "document")]:
        kinds = ", ".join(image["source"].get("media_type") or image["source"]["url"] for image in images)
        return [{"type": "text", "text": f"I see {kinds}."}], "end_turn"
    if "refuse me" in text:
        return [{"type": "text", "text": "I cannot help with that."}], "refusal"
    said, is_cut = cut("The quick brown fox jumps.", body["max_tokens"])
    return [*thoughts, {"type": "text", "text": said}], "max_tokens" if is_cut else "end_turn"


def searched() -> list[dict[str, Any]]:
    """What Anthropic found by its own search: the call of it, its results, and a text that cites them."""
    found = {"type": "web_search_result", "url": "https://fox.example/", "title": "Foxes", "encrypted_content": "eA==", "page_age": None}
    cited = {"type": "web_search_result_location", "url": "https://fox.example/", "title": "Foxes", "encrypted_index": "eA==", "cited_text": "They jump."}
    return [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "foxes"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [found]},
        {"type": "text", "text": "The quick brown fox jumps.", "citations": [cited]},
    ]


def events_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The same answer as a stream."""
    usage = {**message["usage"], "output_tokens": 1}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "usage": usage}}]
    for index, block in enumerate(message["content"]):
        cited = block.get("citations", [])
        empty = {
            "text": {"text": "", **({"citations": []} if cited else {})},
            "thinking": {"thinking": "", "signature": ""},
            "tool_use": {"input": {}},
            "server_tool_use": {"input": {}},
        }.get(block["type"], {})
        events.append({"type": "content_block_start", "index": index, "content_block": {**block, **empty}})
        if block["type"] == "text":
            deltas = [{"type": "text_delta", "text": word} for word in block["text"].split(" ")]
            deltas = [{**delta, "text": delta["text"] + ("" if delta is deltas[-1] else " ")} for delta in deltas]
            deltas += [{"type": "citations_delta", "citation": citation} for citation in cited]
        elif block["type"] == "thinking":
            deltas = [{"type": "thinking_delta", "thinking": block["thinking"]}, {"type": "signature_delta", "signature": block["signature"]}]
        elif "input" not in block:
            deltas = []
        else:
            whole = json.dumps(block["input"])
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in (whole[:4], whole[4:])]
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events += [{"type": "content_block_stop", "index": index}, {"type": "ping"}]
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [*events, {"type": "message_delta", "delta": delta, "usage": {"output_tokens": message["usage"]["output_tokens"]}}, {"type": "message_stop"}]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.received.append(body)  # type: ignore[attr-defined]
        try:
            if self.path != "/v1/messages":
                raise Refusal(404, "not_found_error", self.path)
            if self.headers["x-api-key"] != KEY or self.headers["authorization"]:
                raise Refusal(401, "authentication_error", "invalid x-api-key")
            need(self.headers["anthropic-version"] in VERSIONS, "anthropic-version: header is required")
            check(body, self.headers.get("anthropic-beta", ""))
            content, reason = answer_of(body)
        except Refusal as refusal:
            error = {"type": "error", "error": {"type": refusal.kind, "message": str(refusal)}, "request_id": "req_1"}
            self.reply(refusal.status, "application/json", json.dumps(error))
            return
        message = {
            "id": "msg_fake", "type": "message", "role": "assistant", "model": body["model"], "content": content,
            "stop_reason": reason, "stop_sequence": None, "usage": USAGE,
        }  # fmt: skip
        if body.get("stream"):
            events = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events_of(message))
            self.reply(200, "text/event-stream", events)
        else:
            self.reply(200, "application/json", json.dumps(message))

    def reply(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("request-id", "req_1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class FakeAnthropic:
    """Runs in a thread until it is stopped."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.received = []  # type: ignore[attr-defined]
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def received(self) -> list[dict[str, Any]]:
        return self.server.received  # type: ignore[attr-defined]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
