"""A fake Azure OpenAI resource, with Microsoft Entra ID beside it.

Forms: Microsoft Learn, "Azure OpenAI REST API reference", "Content filtering", "OAuth 2.0 client credentials flow".
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

from fake import CITIES, DOCUMENT, INPUT_TOKENS, OUTPUT_TOKENS, TEXT, WEATHER, Answer, Call, Provider, Refused, sse, words

KEY = "0123456789abcdef0123456789abcdef"
API_VERSION = "2024-10-21"
DEPLOYMENT = "my gpt/4o"
TENANT, CLIENT_ID, CLIENT_SECRET = "tenant-1", "client-1", "secret+of/the=client"
SCOPE = "https://cognitiveservices.azure.com/.default"
SAFE = {kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual", "violence")}
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "high"}},
        },
    }
}


class Azure(Provider):
    """Takes a key, or a token that it gave out itself."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []

    def answer(self, call: Call) -> Answer:
        if call.path == f"/{TENANT}/oauth2/v2.0/token":
            return self.token(call)
        self.authorize(call)
        name = urllib.parse.quote(DEPLOYMENT, safe="")
        if call.path == f"/openai/deployments/{name}/chat/completions":
            if call.query != {"api-version": API_VERSION}:
                raise Refused(404, {"error": {"code": "404", "message": "Resource not found"}})
        elif call.path == "/openai/v1/chat/completions":
            if call.query or call.body.get("model") != "gpt-4o":
                raise Refused(400, {"error": {"code": "BadRequest", "message": "API version not supported"}})
        else:
            message = "The API deployment for this resource does not exist."
            raise Refused(404, {"error": {"code": "DeploymentNotFound", "message": message}})
        return self.chat(call.body)

    def authorize(self, call: Call) -> None:
        by_key = call.headers.get("api-key") == KEY and "authorization" not in call.headers
        bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
        by_token = bearer in self.tokens and "api-key" not in call.headers
        if not (by_key or by_token):
            message = "Access denied due to invalid subscription key or wrong API endpoint."
            raise Refused(401, {"error": {"code": "401", "message": message}})

    def token(self, call: Call) -> Answer:
        form = dict(urllib.parse.parse_qsl(call.raw.decode()))
        expected = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "scope": SCOPE}
        if {name: form.get(name) for name in expected} != expected:
            raise Refused(400, {"error": "invalid_request", "error_description": "AADSTS900144: parameter missing."})
        if form.get("client_secret") != CLIENT_SECRET:
            description = "AADSTS7000215: Invalid client secret provided."
            raise Refused(401, {"error": "invalid_client", "error_description": description, "error_codes": [7000215]})
        self.tokens.append(f"eyJ0-token-{len(self.tokens)}")
        return Answer({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": self.tokens[-1]})

    def chat(self, body: dict[str, Any]) -> Answer:
        prompt = json.dumps(body["messages"])
        if "FORBIDDEN" in prompt:
            raise Refused(400, FILTERED)
        if "HURRY" in prompt:
            refusal = Refused(429, {"error": {"code": "429", "message": "Rate limit is exceeded. Try again in 7 seconds."}})
            refusal.answer.headers["retry-after"] = "7"
            raise refusal
        if body.get("stream"):
            return Answer(pieces=self.stream(body), content_type="text/event-stream")
        message, finish = reply(body)
        choice = {"index": 0, "finish_reason": finish, "logprobs": None, "message": message, "content_filter_results": SAFE}
        return Answer({
            "id": "chatcmpl-azure", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-4o-2024-08-06",
            "choices": [choice], "usage": usage(), "prompt_filter_results": prompt_filter(),
        })

    def stream(self, body: dict[str, Any]) -> Iterator[str]:
        def chunk(choices: list[Any], **more: Any) -> str:
            head = {"id": "chatcmpl-azure", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-4o-2024-08-06"}
            return sse({**head, "choices": choices, **more})

        yield chunk([], id="", object="", created=0, model="", prompt_filter_results=prompt_filter())
        message, finish = reply(body)
        yield chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None, "content_filter_results": {}}])
        for word in words(message["content"] or ""):
            yield chunk([{"index": 0, "delta": {"content": word}, "finish_reason": None, "content_filter_results": SAFE}])
        for index, call in enumerate(message.get("tool_calls", [])):
            yield chunk([{"index": 0, "delta": {"tool_calls": [{"index": index, **call}]}, "finish_reason": None}])
        yield chunk([{"index": 0, "delta": {}, "finish_reason": finish, "content_filter_results": {}}])
        if body.get("stream_options", {}).get("include_usage"):
            yield chunk([], usage=usage())
        yield sse("[DONE]")


def usage() -> dict[str, int]:
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS}


def prompt_filter() -> list[Any]:
    return [{"prompt_index": 0, "content_filter_results": SAFE}]


def reply(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What the model says to a request in OpenAI's form."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return {"role": "assistant", "content": WEATHER}, "stop"
    if body.get("tools"):
        calls = [
            {"id": f"call_{city}", "type": "function", "function": {"name": "weather", "arguments": json.dumps({"city": city})}}
            for city in CITIES
        ]
        return {"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls"
    if body.get("response_format", {}).get("type") == "json_schema":
        return {"role": "assistant", "content": json.dumps(DOCUMENT)}, "stop"
    if isinstance(last["content"], list):
        url = next(part["image_url"]["url"] for part in last["content"] if part["type"] == "image_url")
        return {"role": "assistant", "content": f"An image: {url}"}, "stop"
    return {"role": "assistant", "content": TEXT}, "stop"
