"""A fake Azure OpenAI resource, with Microsoft Entra ID beside it.

Forms: Microsoft Learn, "Azure OpenAI REST API reference", "Content filtering", "OAuth 2.0 client credentials flow".
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

from fake import Answer, Call, Provider, Refused, asked_failure, sse
from fake_openai import chunks, whole
from openai_tasks import embed

KEY = "0123456789abcdef0123456789abcdef"
API_VERSION = "2024-10-21"
DEPLOYMENTS = ["my gpt/4o", "gpt-4o"]
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
        names = [urllib.parse.quote(name, safe="") for name in DEPLOYMENTS]
        folder, _, task = call.path.removeprefix("/openai/deployments/").partition("/")
        if call.path.startswith("/openai/deployments/") and folder in names:
            if call.query != {"api-version": API_VERSION}:
                raise Refused(404, {"error": {"code": "404", "message": "Resource not found"}})
        elif call.path == "/openai/v1/chat/completions":
            if call.query or call.body.get("model") != "gpt-4o":
                raise Refused(400, {"error": {"code": "BadRequest", "message": "API version not supported"}})
        else:
            message = "The API deployment for this resource does not exist."
            raise Refused(404, {"error": {"code": "DeploymentNotFound", "message": message}})
        return embed(call) if task == "embeddings" else self.chat(call.body)

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
        if "too long" in prompt:
            message = "This model's maximum context length is 128000 tokens."
            error = {"message": message, "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}
            raise Refused(400, {"error": error})
        if status := asked_failure(body["messages"][-1]):
            raise Refused(status, {"error": {"code": str(status), "message": "Scripted failure."}})
        if body.get("stream"):
            return Answer(pieces=self.stream(body), content_type="text/event-stream")
        answer = whole(body)
        choices = [{**choice, "content_filter_results": SAFE} for choice in answer["choices"]]
        return Answer({**answer, "choices": choices, "prompt_filter_results": prompt_filter()})

    def stream(self, body: dict[str, Any]) -> Iterator[str]:
        empty = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        yield sse({**empty, "prompt_filter_results": prompt_filter()})
        for chunk in chunks(body):
            choices = [
                {**choice, "content_filter_results": SAFE if choice["delta"].get("content") else {}} for choice in chunk["choices"]
            ]
            yield sse({**chunk, "choices": choices})
        yield sse("[DONE]")


def prompt_filter() -> list[Any]:
    return [{"prompt_index": 0, "content_filter_results": SAFE}]
