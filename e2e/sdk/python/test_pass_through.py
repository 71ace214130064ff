"""Providers' own SDKs against the gateway's paths to their APIs, with keys of the gateway's."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anthropic
import botocore.exceptions
import botocore.session
import fake_bedrock as aws
import fake_google as google
import openai
import pytest
from anthropic import Anthropic
from botocore.config import Config
from fake_anthropic import KEY, FakeAnthropic
from google import genai
from google.genai import errors
from openai import OpenAI

from tollgate import Tollgate, Upstream, eventually

CONFIG = """
model_list:
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_base: "{anthropic}", api_key: {anthropic_key}}}
  - model_name: fast
    litellm_params: {{model: gemini/gemini-2.5-flash, api_base: "{google}/v1beta", api_key: {google_key}}}
  - model_name: nova
    litellm_params:
      model: bedrock/amazon.nova-lite-v1:0
      aws_region_name: us-east-1
      aws_bedrock_runtime_endpoint: {bedrock}
      aws_access_key_id: {id}
      aws_secret_access_key: {secret}
  - model_name: gpt
    litellm_params: {{model: openai/gpt-4o-mini, api_base: "{openai}/v1", api_key: sk-of-the-provider}}
"""
FILE = {
    "id": "file-1", "object": "file", "bytes": 3, "created_at": 1_700_000_000, "filename": "a.txt",
    "purpose": "batch", "status": "processed",
}  # fmt: skip


class Files(ThreadingHTTPServer):
    """OpenAI's files, which the gateway has no route of its own for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FilesHandler)
        self.calls: list[tuple[str, str, dict[str, str], bytes]] = []
        self.origin = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class FilesHandler(BaseHTTPRequestHandler):
    server: Files

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.calls.append((self.command, self.path, headers, body))
        if headers.get("authorization") != "Bearer sk-of-the-provider":
            return self.send(401, "application/json", b"{}")
        if self.path.endswith("/content"):
            return self.send(200, "application/octet-stream", b"\x00\xff\x01")
        if self.command == "DELETE":
            return self.send(200, "application/json", json.dumps({"id": "file-1", "object": "file", "deleted": True}).encode())
        whole = FILE if self.command == "POST" else {"object": "list", "data": [FILE], "has_more": False}
        return self.send(200, "application/json", json.dumps(whole).encode())

    do_GET = do_POST = do_DELETE = answer

    def send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    files = Files()
    yield files
    files.shutdown()
    files.server_close()


@pytest.fixture(scope="module")
def gateway(upstream: Upstream, files: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    fakes = FakeAnthropic(), google.Google(), aws.Aws()
    config: Path = tmp_path_factory.mktemp("pass-through") / "config.yaml"
    config.write_text(
        CONFIG.format(
            anthropic=fakes[0].origin, anthropic_key=KEY, google=fakes[1].origin, google_key=google.API_KEY,
            bedrock=fakes[2].origin, id=aws.ACCESS_KEY, secret=aws.SECRET_KEY, openai=files.origin,
        )
    )  # fmt: skip
    tollgate = Tollgate(upstream, config)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()
        for fake in fakes:
            fake.stop()


@pytest.fixture
def make_key(gateway: Tollgate) -> Any:
    return lambda **fields: str(gateway.manage("POST", "/key/generate", fields)["key"])


def spent(gateway: Tollgate, key: str, dollars: float) -> None:
    """Waits until the key has spent as much."""
    info = lambda: gateway.manage("GET", f"/key/info?key={key}", None)["info"]["spend"]  # noqa: E731
    eventually(lambda: abs(info() - dollars) < 1e-9, f"{dollars} dollars, not {info()}")


def test_anthropics_sdk(gateway: Tollgate, make_key: Any) -> None:
    key = make_key(models=["claude"])
    client = Anthropic(base_url=f"{gateway.url}/anthropic", api_key=key, max_retries=0)
    ask: Any = {"model": "claude", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
    answer = client.messages.create(**ask)
    assert answer.content[0].text == "The quick brown fox jumps."  # type: ignore[union-attr]
    with client.messages.stream(**ask) as stream:
        assert stream.get_final_text() == "The quick brown fox jumps."
    # 20 × $3 + 8 × $3.75 + 4 × $0.30 + 6 × $15, a million tokens each.
    spent(gateway, key, 2 * 0.0001812)
    with pytest.raises(anthropic.PermissionDeniedError):
        client.messages.create(**{**ask, "model": "claude-opus-4-1"})


def test_googles_sdk(gateway: Tollgate, make_key: Any) -> None:
    key = make_key(models=["fast"])
    options = genai.types.HttpOptions(base_url=f"{gateway.url}/gemini", api_version="v1beta")
    client = genai.Client(api_key=key, http_options=options)
    for model in ("fast", "gemini-2.5-flash"):
        assert client.models.generate_content(model=model, contents="Hi").text
    pieces = [chunk.text or "" for chunk in client.models.generate_content_stream(model="fast", contents="Hi")]
    assert len(pieces) > 1 and "".join(pieces)
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(model="gemini-2.5-pro", contents="Hi")
    assert refused.value.code == 403
    info = lambda: gateway.manage("GET", f"/key/info?key={key}", None)["info"]["spend"]  # noqa: E731
    eventually(lambda: info() > 0, "money spent")


def test_openais_sdk_where_the_gateway_has_no_route(gateway: Tollgate, make_key: Any, files: Files) -> None:
    client = OpenAI(base_url=f"{gateway.url}/openai/v1", api_key=make_key(), max_retries=0)
    assert client.files.create(file=("a.txt", b"abc"), purpose="batch").id == "file-1"
    method, path, headers, body = files.calls[-1]
    assert (method, path) == ("POST", "/v1/files") and b"abc" in body
    assert headers["content-type"].startswith("multipart/form-data; boundary=")
    assert [file.id for file in client.files.list(limit=5)] == ["file-1"]
    assert files.calls[-1][1] == "/v1/files?limit=5"
    assert client.files.content("file-1").read() == b"\x00\xff\x01"
    assert client.files.delete("file-1").deleted
    limited = OpenAI(base_url=f"{gateway.url}/openai/v1", api_key=make_key(models=["gpt"]), max_retries=0)
    with pytest.raises(openai.PermissionDeniedError):
        limited.files.list()


def test_awss_sdk(gateway: Tollgate, make_key: Any) -> None:
    key = make_key(models=["nova"])
    # By https, AWS_BEARER_TOKEN_BEDROCK would do. Whatever it signs with otherwise is not looked at.
    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{gateway.url}/bedrock",
        aws_access_key_id="unknown",
        aws_secret_access_key="unknown",
        config=Config(retries={"max_attempts": 0}),
    )
    add_key = lambda request, **_: request.headers.add_header("x-litellm-api-key", key)  # noqa: E731
    client.meta.events.register("before-sign.bedrock-runtime", add_key)
    messages = [{"role": "user", "content": [{"text": "Hi there"}]}]
    for model in ("nova", "amazon.nova-lite-v1:0"):
        answer = client.converse(modelId=model, messages=messages)
        assert answer["output"]["message"]["content"][0]["text"] == "The quick brown fox heard: Hi there"
    stream = client.converse_stream(modelId="nova", messages=messages)["stream"]
    said = [event["contentBlockDelta"]["delta"]["text"] for event in stream if "contentBlockDelta" in event]
    assert len(said) > 1 and "".join(said) == "The quick brown fox heard: Hi there"
    # 10 input tokens at 0.06 dollars a million, 7 output tokens at 0.24.
    spent(gateway, key, 3 * (10 * 0.06 + 7 * 0.24) / 1e6)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        client.converse(modelId="amazon.nova-pro-v1:0", messages=messages)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
