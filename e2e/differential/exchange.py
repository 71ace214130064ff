"""One call, sent to both: what the provider was sent for it, and what the client got."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from providers import Providers
from tollgate import MASTER_KEY

#: Names of what is of one answer or one moment only.
PASSING = {"id", "created", "system_fingerprint", "created_at", "request_id", "responseId", "obfuscation"}
#: Names of ids by which calls and their results find each other: numbered in the order in which they appear.
REFERENCES = {"id", "tool_call_id", "tool_use_id", "toolUseId"}


@dataclass(frozen=True)
class Case:
    """A call that both can be asked to answer."""

    name: str
    path: str
    body: dict[str, Any]


@dataclass
class Exchange:
    """What came of a case, flattened: a value for each place."""

    sent: dict[str, Any]
    got: dict[str, Any]


def exchange(origin: str, case: Case, model: str, providers: Providers) -> Exchange:
    """Asks one of the two."""
    before = len(providers.calls(model))
    got = ask(origin, case, model)
    sent = providers.calls(model)[before:]
    return Exchange(flat([plain({"to": path, "body": body}) for path, body in sent]), flat(plain(got)))


def ask(origin: str, case: Case, model: str) -> Any:
    headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json", "anthropic-version": "2023-06-01"}
    request = urllib.request.Request(origin + case.path, json.dumps({"model": model, **case.body}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            text = response.read().decode()
    except urllib.error.HTTPError as error:
        body = json.loads(error.read())
        return {"status": error.code, "error": body.get("error", body)}
    if not case.body.get("stream"):
        return {"status": 200, **json.loads(text)}
    events = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:") and "[DONE]" not in line]
    whole = of_messages(events) if case.path.endswith("/messages") else of_chat(events)
    return {"status": 200, "is_done": "[DONE]" in text, **whole}


def of_chat(events: list[dict[str, Any]]) -> dict[str, Any]:
    """A stream of chat completions, put together."""
    message: dict[str, Any] = {}
    finish, usage, calls = [], [], {}
    for event in events:
        usage += [event["usage"]] if event.get("usage") else []
        if "error" in event:
            return {"error": event["error"]}
        for choice in event.get("choices", []):
            finish += [choice["finish_reason"]] if choice.get("finish_reason") else []
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    for call in value or []:
                        known = calls.setdefault(call["index"], {"id": None, "name": "", "arguments": ""})
                        known["id"] = known["id"] or call.get("id")
                        known["name"] += (call.get("function") or {}).get("name") or ""
                        known["arguments"] += (call.get("function") or {}).get("arguments") or ""
                elif isinstance(value, str) and name != "role":
                    message[name] = message.get(name, "") + value
                elif isinstance(value, list):
                    message[name] = message.get(name, []) + value
                elif value is not None:
                    message[name] = value
    models = [event["model"] for event in events if event.get("model")]
    return {"message": message, "tool_calls": list(calls.values()), "finish_reason": finish, "usage": usage, "model": models[:1]}


def of_messages(events: list[dict[str, Any]]) -> dict[str, Any]:
    """A stream of Anthropic's, put together; kinds that follow one another are named once."""
    kinds: list[str] = []
    message: dict[str, Any] = {}
    blocks: list[dict[str, Any]] = []
    for event in events:
        kind = event["type"]
        if kind != "ping" and kinds[-1:] != [kind]:
            kinds.append(kind)
        if kind == "message_start":
            message = event["message"]
        elif kind == "content_block_start":
            blocks.append(event["content_block"])
        elif kind == "content_block_delta":
            delta = event["delta"]
            for name, member in {"text": "text", "thinking": "thinking", "partial_json": "input", "signature": "signature"}.items():
                if name in delta:
                    before = blocks[event["index"]].get(member)
                    blocks[event["index"]][member] = (before if isinstance(before, str) else "") + delta[name]
        elif kind == "message_delta":
            usage = {**message.get("usage", {}), **(event.get("usage") or {})}
            message = {**message, **event["delta"], "usage": usage}
        elif kind == "error":
            return {"events": kinds, "error": event["error"]}
    for block in blocks:
        if block["type"] == "tool_use" and isinstance(block["input"], str):
            block["input"] = parsed(block["input"])
    return {**message, "content": blocks, "events": kinds}


def plain(value: Any, ids: dict[str, str] | None = None) -> Any:
    """Without what is of one answer only and what says nothing: nulls, and JSON in texts as the JSON it is."""
    ids = {} if ids is None else ids
    if isinstance(value, list):
        return [plain(one, ids) for one in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for name, inner in value.items():
        if name in REFERENCES and isinstance(inner, str) and is_reference(value):
            out[name] = ids.setdefault(inner, f"reference {len(ids)}")
        elif inner is None or name in PASSING:
            continue
        elif name == "arguments" and isinstance(inner, str):
            out[name] = parsed(inner)
        else:
            out[name] = plain(inner, ids)
    return out


def parsed(text: str) -> Any:
    """The JSON in a text; the text itself where it is none."""
    try:
        return json.loads(text or "{}")
    except json.JSONDecodeError:
        return text


def is_reference(holder: dict[str, Any]) -> bool:
    return bool(holder.keys() & {"function", "tool_call_id", "tool_use_id", "toolUseId", "arguments"}) or holder.get("type") == "tool_use"


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf by its path; empty lists and objects are none."""
    if isinstance(value, dict):
        return {place: leaf for name, inner in value.items() for place, leaf in flat(inner, f"{path}.{name}" if path else name).items()}
    if isinstance(value, list):
        return {place: leaf for number, inner in enumerate(value) for place, leaf in flat(inner, f"{path}[{number}]").items()}
    return {path: value}


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Places at which they say something else; `None` where one says nothing."""
    places = [*ours, *(place for place in theirs if place not in ours)]
    return {place: (ours.get(place), theirs.get(place)) for place in places if ours.get(place) != theirs.get(place)}


def member(place: str) -> str:
    """A place without the numbers of what stands in lists."""
    return re.sub(r"\[\d+\]", "", place).removeprefix(".")
