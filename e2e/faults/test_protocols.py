"""Protocols other than chat on two nodes, for two tenants, and in a process that is killed."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import openai_responses
import openai_tasks
import pytest
from openai import OpenAI

from driver import assert_verified
from tollgate import Tollgate, eventually

CONFIG = """
model_list:
  - model_name: keeper
    litellm_params: {{model: openai/gpt-4.1-mini, api_base: "{responses}/v1", api_key: {responses_key}}}
    model_info: {{id: keeper, supported_endpoints: ["/v1/responses"]}}
  - model_name: embedder
    litellm_params: {{model: openai/text-embedding-3-small, api_base: "{tasks}/v1", api_key: {tasks_key}}}
  - model_name: fake
    litellm_params: {{model: openai/fake-model, api_base: os.environ/FAKE_UPSTREAM_URL, api_key: k, input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    responses, tasks = openai_responses.OpenAiResponses(), openai_tasks.OpenAITasks()
    path = tmp_path / "config.yaml"
    keys = {"responses_key": openai_responses.KEY, "tasks_key": openai_tasks.KEY}
    path.write_text(CONFIG.format(responses=responses.origin, tasks=tasks.origin, **keys))
    yield path
    for fake in (responses, tasks):
        fake.stop()


def client(node: Tollgate, key: str) -> OpenAI:
    return OpenAI(base_url=f"{node.url}/v1", api_key=key, max_retries=0, timeout=30)


@pytest.mark.skipif("TOLLGATE_TEST_DATABASE_URL" not in os.environ, reason="runs on PostgreSQL")
def test_two_nodes_keep_one_tenants_responses_from_another(make_tollgate: Callable[..., Tollgate], config: Path) -> None:
    one, other = make_tollgate(config).start(), make_tollgate(config).start()
    own, stranger = (one.manage("POST", "/key/generate", {"user_id": user})["key"] for user in ("a", "b"))
    first = client(one, own).responses.create(model="keeper", input="Remember this.")
    assert client(other, own).responses.retrieve(first.id).id == first.id
    for ask in (
        lambda: client(other, stranger).responses.retrieve(first.id),
        lambda: client(other, stranger).responses.delete(first.id),
        lambda: client(one, stranger).responses.create(model="keeper", input="What?", previous_response_id=first.id),
    ):
        with pytest.raises((openai.NotFoundError, openai.BadRequestError)):
            ask()
    # 8 tokens at 0.02 dollars a million, on either node: one ledger.
    for node in (one, other):
        client(node, own).embeddings.create(model="embedder", input="a")
    logs = eventually(lambda: (rows := one.logs_of(own)) and len(rows) >= 3 and rows, "the calls of both nodes")
    embedded = [row["spend"] for row in logs if row["call_type"] == "aembedding"]
    assert embedded == pytest.approx([8 * 0.02e-6] * 2)
    assert_verified(one)


def test_a_kill_in_a_translated_stream_shows_as_interrupted(make_tollgate: Callable[..., Tollgate], config: Path) -> None:
    node = make_tollgate(config).start()
    key = node.manage("POST", "/key/generate", {})["key"]
    begun = threading.Event()

    def read() -> None:
        body = {"fake": {"text": "word " * 500, "chunk_delay_ms": 50}}
        try:
            for event in client(node, key).responses.create(model="fake", input="hi", stream=True, extra_body=body):
                if event.type == "response.output_text.delta":
                    begun.set()
        except (openai.OpenAIError, httpx.HTTPError):
            # The server died under the call.
            return

    threading.Thread(target=read, daemon=True).start()
    assert begun.wait(20)
    node.signal(signal.SIGKILL)
    node.start()
    logs = eventually(lambda: node.logs_of(key), "the call that was in flight")
    assert [(row["call_type"], row["status"]) for row in logs] == [("aresponses", "interrupted")]
    assert logs[0]["spend"] > 0 or logs[0]["metadata"].get("reserved_nano_usd", 0) > 0
    assert_verified(node)
