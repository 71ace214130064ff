"""Images and documents by address, for providers that take only bytes: the gateway fetches them."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fake_bedrock as aws
import openai
import pytest
from ollama import Ollama
from openai import OpenAI

from tollgate import Tollgate, Upstream

CONFIG = """
model_list:
  - model_name: bedrock
    litellm_params:
      model: bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0
      aws_region_name: us-east-1
      aws_bedrock_runtime_endpoint: {bedrock}
      aws_access_key_id: {id}
      aws_secret_access_key: {secret}
  - model_name: ollama
    litellm_params: {{model: ollama/llama3.2, api_base: {ollama}}}
litellm_settings:
  user_url_allowed_hosts: ["{store}"]
"""
PNG = b"\x89PNG\r\n\x1a\n and so on"
PDF = b"%PDF-1.7 and so on"


class Store(ThreadingHTTPServer):
    """A company's own pictures. Told apart by whether its host is in the configuration."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Pictures)
        self.paths: list[str] = []
        self.host = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Pictures(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        kind, body = ("application/pdf", PDF) if self.path.endswith(".pdf") else ("image/png", PNG)
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[Store, Store]]:
    """One that is listed, and one that is not."""
    stores = Store(), Store()
    yield stores
    for store in stores:
        store.shutdown()
        store.server_close()


@pytest.fixture(scope="module")
def tollgate(
    upstream: Upstream, stores: tuple[Store, Store], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tollgate]:
    bedrock, ollama = aws.Aws(), Ollama()
    config: Path = tmp_path_factory.mktemp("media") / "config.yaml"
    config.write_text(
        CONFIG.format(
            bedrock=bedrock.origin, ollama=ollama.origin, id=aws.ACCESS_KEY, secret=aws.SECRET_KEY, store=stores[0].host
        )
    )
    tollgate = Tollgate(upstream, config)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()
        bedrock.stop()
        ollama.stop()


def see(client: OpenAI, model: str, *parts: Any) -> str:
    text = {"type": "text", "text": "What is this?"}
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": [text, *parts]}])
    return answer.choices[0].message.content or ""


def image(store: Store, path: str = "/cat.png?signature=1") -> Any:
    return {"type": "image_url", "image_url": {"url": f"http://{store.host}{path}"}}


def test_bedrock_sees_what_is_at_an_address(client: OpenAI, stores: tuple[Store, Store]) -> None:
    paper = {"type": "file", "file": {"file_id": f"http://{stores[0].host}/paper.pdf", "filename": "paper.pdf"}}
    seen = see(client, "bedrock", image(stores[0]), paper)
    assert f"image png {len(PNG)}" in seen and f"document pdf {len(PDF)}" in seen, seen


def test_ollama_sees_what_is_at_an_address(client: OpenAI, stores: tuple[Store, Store]) -> None:
    assert see(client, "ollama", image(stores[0])).startswith("An image: data:image/png;base64,")


@pytest.mark.parametrize("model", ["bedrock", "ollama"])
def test_nothing_is_fetched_from_inside(client: OpenAI, stores: tuple[Store, Store], model: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        see(client, model, image(stores[1]))
    assert "messages[0].content[1]" in str(refused.value) and "no public address" in str(refused.value)
    assert stores[1].paths == []
