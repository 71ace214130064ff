"""A fake Cohere, version 2 of its API.

Forms: Cohere's API reference, "Chat", "Chat with Streaming", "Embed" and "Rerank".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fake import CITIES, DOCUMENT, INPUT_TOKENS, OUTPUT_TOKENS, TEXT, WEATHER, Answer, Call, Provider, Refused, asked_failure, cut, embedding, score, sse, words
from fake_openai import call_of, gives_answer

KEY = "co-key"
FIELDS = {
    "model", "messages", "stream", "tools", "strict_tools", "documents", "citation_options", "response_format", "safety_mode",
    "max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p", "logprobs",
    "tool_choice", "thinking", "priority",
}
MESSAGE_FIELDS = {
    "system": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_calls", "tool_plan", "citations"},
    "tool": {"role", "content", "tool_call_id"},
}
# What is billed is less than what the model reads: prompts of Cohere's own are not.
USAGE = {
    "billed_units": {"input_tokens": float(INPUT_TOKENS), "output_tokens": float(OUTPUT_TOKENS)},
    "tokens": {"input_tokens": 507.0, "output_tokens": 9.0},
}
DOCUMENT_CITED = {"type": "document", "id": "doc:0", "document": {"id": "doc:0", "title": "Foxes", "text": "They jump."}}
CITATION = {"start": 0, "end": 9, "text": "The quick", "sources": [DOCUMENT_CITED], "type": "TEXT_CONTENT"}


def require(holds: bool, message: str) -> None:
    """Refuses the call in Cohere's form."""
    if not holds:
        raise Refused(400, {"id": "e-1", "message": f"invalid request: {message}"})


class Cohere(Provider):
    """Checks every member against the reference."""

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise Refused(401, {"id": "e-1", "message": "invalid api token"})
        if call.path == "/v2/embed":
            return Answer(embed(call.body))
        if call.path == "/v2/rerank":
            return Answer(rerank(call.body))
        if call.path != "/v2/chat":
            raise Refused(404, {"id": "e-1", "message": f"no such path {call.path}"})
        body = call.body
        check(body)
        if re.search("too long|LONG", json.dumps(body["messages"])):
            raise Refused(400, {"id": "e-1", "message": "too many tokens: the context length is 128000"})
        if status := asked_failure(body["messages"][-1]):
            raise Refused(status, {"id": "e-1", "message": "Scripted failure."})
        if body.get("stream"):
            return Answer(pieces=stream(body), content_type="text/event-stream")
        message, finish = reply(body)
        return Answer({"id": "c-1", "finish_reason": finish, "message": message, "usage": USAGE})


def check(body: dict[str, Any]) -> None:
    require(not body.keys() - FIELDS, f"unknown field {body.keys() - FIELDS}")
    require(body.get("model") == "command-a-03-2025", "no such model")
    require(isinstance(body.get("messages"), list) and body["messages"], "messages")
    known: set[str] = set()
    for message in body["messages"]:
        fields = MESSAGE_FIELDS.get(message.get("role"), set())
        require(bool(fields) and not message.keys() - fields, f"message {message}")
        if message["role"] == "tool":
            require(message.get("tool_call_id") in known, "a tool message without its call")
        for call in message.get("tool_calls", []):
            require(call["type"] == "function" and isinstance(json.loads(call["function"]["arguments"]), dict), "tool call")
            known.add(call["id"])
        if message["role"] == "user":
            require(bool(message["content"]), "content")
    for tool in body.get("tools", []):
        require(tool["type"] == "function" and tool["function"]["parameters"]["type"] == "object", "tools")
    require(body.get("tool_choice") in (None, "REQUIRED", "NONE"), "tool_choice")
    require(body.get("response_format", {}).get("type") in (None, "text", "json_object"), "response_format")


def embed(body: dict[str, Any]) -> dict[str, Any]:
    known = {"model", "texts", "input_type", "embedding_types", "output_dimension", "truncate", "max_tokens", "priority"}
    require(not body.keys() - known, f"unknown field {body.keys() - known}")
    require(body.get("model") == "embed-v4.0", "no such model")
    texts = body["texts"]
    require(0 < len(texts) <= 96 and all(isinstance(text, str) for text in texts), "texts")
    require(body.get("input_type") in ("search_document", "search_query", "classification", "clustering"), "input_type")
    require(body.get("embedding_types") == ["float"], "embedding_types")
    vectors = [embedding(text, body.get("output_dimension")) for text in texts]
    return {"id": "e-1", "texts": texts, "embeddings": {"float": vectors}, "meta": meta(input_tokens=float(len(texts)))}


def rerank(body: dict[str, Any]) -> dict[str, Any]:
    known = {"model", "query", "documents", "top_n", "max_tokens_per_doc", "priority"}
    require(not body.keys() - known, f"unknown field {body.keys() - known}")
    require(body.get("model") == "rerank-v3.5" and isinstance(body["query"], str), "model and query")
    documents = body["documents"]
    require(bool(documents) and all(isinstance(document, str) for document in documents), "documents")
    scores = [{"index": index, "relevance_score": score(body["query"], text)} for index, text in enumerate(documents)]
    best = sorted(scores, key=lambda one: -one["relevance_score"])[: body.get("top_n")]
    return {"id": "r-1", "results": best, "meta": meta(search_units=1.0)}


def meta(**billed: float) -> dict[str, Any]:
    return {"api_version": {"version": "2"}, "billed_units": billed}


def reply(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    last = body["messages"][-1]
    if last["role"] == "tool":
        return text(WEATHER), "COMPLETE"
    if body.get("tools") and body.get("tool_choice") != "NONE":
        function = body["tools"][0]["function"]
        calls = [call_of(function, city) for city in (CITIES[:1] if gives_answer(function) else CITIES)]
        return {"role": "assistant", "tool_plan": "I will look.", "tool_calls": calls}, "TOOL_CALL"
    if "json_schema" in body.get("response_format", {}):
        return text(json.dumps(DOCUMENT)), "COMPLETE"
    if isinstance(last["content"], list):
        images = [part["image_url"]["url"] for part in last["content"] if part["type"] == "image_url"]
        return text(f"An image: {images[0]}" if images else TEXT), "COMPLETE"
    said, is_cut = cut(TEXT, body.get("max_tokens"))
    message = text(said)
    if body.get("documents"):
        message["citations"] = [CITATION]
    if body.get("thinking", {}).get("type") == "enabled":
        message["content"].insert(0, {"type": "thinking", "thinking": "Hm."})
    return message, "MAX_TOKENS" if is_cut else "COMPLETE"


def text(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": content}]}


def stream(body: dict[str, Any]) -> Iterator[str]:
    def event(kind: str, **more: Any) -> str:
        return sse({"type": kind, **more}, kind)

    def said(message: dict[str, Any]) -> dict[str, Any]:
        return {"delta": {"message": message}}

    message, finish = reply(body)
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield event("message-start", id="c-1", **said(empty))
    for index, part in enumerate(message.get("content", [])):
        kind = part["type"]
        yield event("content-start", index=index, **said({"content": {"type": kind, kind: ""}}))
        for word in words(part[kind]):
            yield event("content-delta", index=index, **said({"content": {kind: word}}))
        yield event("content-end", index=index)
    for index, citation in enumerate(message.get("citations", [])):
        yield event("citation-start", index=index, **said({"citations": citation}))
        yield event("citation-end", index=index)
    for word in words(message.get("tool_plan", "")):
        yield event("tool-plan-delta", **said({"tool_plan": word}))
    for index, call in enumerate(message.get("tool_calls", [])):
        begun = {**call, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield event("tool-call-start", index=index, **said({"tool_calls": begun}))
        for word in words(call["function"]["arguments"]):
            yield event("tool-call-delta", index=index, **said({"tool_calls": {"function": {"arguments": word}}}))
        yield event("tool-call-end", index=index)
    yield event("message-end", delta={"finish_reason": finish, "usage": USAGE})
