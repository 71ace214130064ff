"""Embeddings and reranking at providers with protocols of their own, through OpenAI's SDK. The fakes check what they are sent."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cohere
import fake_bedrock as aws
import fake_google as google
import openai
import pytest
from fake import embedding, score
from ollama import Ollama
from openai import OpenAI

from tollgate import Tollgate, Upstream, eventually

CONFIG = """
model_list:
  - model_name: cohere
    litellm_params: {{model: cohere/embed-v4.0, api_base: {cohere}, api_key: {cohere_key}, {price}}}
  - model_name: ollama
    litellm_params: {{model: ollama/nomic-embed-text, api_base: {ollama}, {price}}}
  - model_name: studio
    litellm_params: {{model: gemini/gemini-embedding-001, api_base: {google}/v1beta, api_key: {google_key}, {price}}}
  - model_name: vertex
    litellm_params: {{model: vertex_ai/text-embedding-005, {vertex}, {price}}}
  - model_name: vertex-gemini
    litellm_params: {{model: vertex_ai/gemini-embedding-2, {vertex}, {price}}}
  - model_name: titan-1
    litellm_params: {{model: bedrock/amazon.titan-embed-text-v1, {bedrock}, {price}}}
  - model_name: titan-2
    litellm_params: {{model: bedrock/amazon.titan-embed-text-v2:0, {bedrock}, {price}}}
  - model_name: titan-image
    litellm_params: {{model: bedrock/amazon.titan-embed-image-v1, {bedrock}, {price}}}
  - model_name: bedrock-cohere-3
    litellm_params: {{model: bedrock/cohere.embed-english-v3, {bedrock}, {price}}}
  - model_name: bedrock-cohere
    litellm_params: {{model: bedrock/us.cohere.embed-v4:0, {bedrock}, {price}}}
  - model_name: cohere-rank
    litellm_params: {{model: cohere/rerank-v3.5, api_base: {cohere}, api_key: {cohere_key}}}
  - model_name: bedrock-rank
    litellm_params: {{model: bedrock/cohere.rerank-v3-5:0, {bedrock}}}
router_settings:
  num_retries: 0
"""
RESIZABLE = ["cohere", "ollama", "studio", "vertex", "vertex-gemini", "titan-2", "titan-image", "bedrock-cohere"]
MODELS = [*RESIZABLE, "titan-1", "bedrock-cohere-3"]
TEXTS = ["A fox", "jumps over", "the lazy dog", "é"]
DOCUMENTS = ["The sky is blue", "A fox jumps", "A fox"]


@dataclass
class Fakes:
    cohere: cohere.Cohere
    ollama: Ollama
    google: google.Google
    aws: aws.Aws


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    fakes = Fakes(cohere.Cohere(), Ollama(), google.Google(), aws.Aws())
    yield fakes
    for fake in (fakes.cohere, fakes.ollama, fakes.google, fakes.aws):
        fake.stop()


@pytest.fixture(scope="module")
def tollgate(fakes: Fakes, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    folder = tmp_path_factory.mktemp("embeddings")
    account = folder / "account.json"
    account.write_text(json.dumps(fakes.google.service_account()))
    config = folder / "config.yaml"
    config.write_text(settings(fakes, account))
    tollgate = Tollgate(upstream, config)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


def settings(fakes: Fakes, account: Path) -> str:
    place = f"vertex_location: {google.LOCATION}, vertex_credentials: {account}"
    keys = f"aws_access_key_id: {aws.ACCESS_KEY}, aws_secret_access_key: {aws.SECRET_KEY}"
    return CONFIG.format(
        cohere=fakes.cohere.origin,
        cohere_key=cohere.KEY,
        ollama=fakes.ollama.origin,
        google=fakes.google.origin,
        google_key=google.API_KEY,
        vertex=f'api_base: "{fakes.google.origin}", {place}',
        bedrock=f'aws_region_name: us-west-2, aws_bedrock_runtime_endpoint: "{fakes.aws.origin}", {keys}',
        price="input_cost_per_token: 0.000001",
    )


def spent(tollgate: Tollgate, client: OpenAI, calls: int) -> float:
    """What the key's calls cost, once all are in the log."""

    def logged() -> list[dict[str, Any]]:
        logs = tollgate.logs_of(client.api_key)
        return logs if len(logs) == calls else []

    return sum(log["spend"] for log in eventually(logged, f"{calls} calls in the log"))


@pytest.mark.parametrize("model", MODELS)
def test_each_text_gets_its_own_numbers(tollgate: Tollgate, client: OpenAI, model: str) -> None:
    # The SDK asks for base64 and unpacks it.
    answer = client.embeddings.create(model=model, input=TEXTS)
    assert [one.embedding for one in answer.data] == [embedding(text) for text in TEXTS]
    assert [one.index for one in answer.data] == [0, 1, 2, 3]
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (4, 4)
    floats = client.embeddings.create(model=model, input=TEXTS[0], encoding_format="float")
    assert floats.data[0].embedding == embedding(TEXTS[0])
    assert spent(tollgate, client, 2) == pytest.approx(5e-6)


@pytest.mark.parametrize("model", RESIZABLE)
def test_dimensions(client: OpenAI, model: str) -> None:
    answer = client.embeddings.create(model=model, input=TEXTS, dimensions=2)
    assert [one.embedding for one in answer.data] == [embedding(text, 2) for text in TEXTS]


@pytest.mark.parametrize("model", ["cohere", "bedrock-cohere", "studio", "vertex", "vertex-gemini"])
def test_what_embeddings_are_for(client: OpenAI, fakes: Fakes, model: str) -> None:
    client.embeddings.create(model=model, input="A fox", extra_body={"input_type": "search_query"})
    body = {"cohere": lambda: fakes.cohere.calls[-1].body, "bedrock-cohere": lambda: fakes.aws.calls[-1]["body"]}
    sent = json.dumps(body.get(model, lambda: fakes.google.calls[-1]["body"])())
    assert "search_query" in sent or "RETRIEVAL_QUERY" in sent


def test_hundreds_of_texts(client: OpenAI) -> None:
    texts = [f"{number} foxes" for number in range(250)]
    for model in ("cohere", "studio", "vertex", "bedrock-cohere", "titan-2"):
        answer = client.embeddings.create(model=model, input=texts)
        assert [one.embedding for one in answer.data] == [embedding(text) for text in texts]
        assert answer.usage.prompt_tokens == 250


@pytest.mark.parametrize("model", MODELS)
def test_tokens_are_refused(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model=model, input=[[1, 2, 3]])
    assert refused.value.param == "input" and "takes texts and no tokens" in refused.value.message


def test_what_titan_does_not_take_is_refused_or_dropped(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="titan-1", input="A fox", dimensions=2)
    assert refused.value.param == "dimensions"
    dropped = client.embeddings.create(model="titan-1", input="A fox", dimensions=2, extra_body={"drop_params": True})
    assert dropped.data[0].embedding == embedding("A fox")


@pytest.mark.parametrize("model", ["cohere-rank", "bedrock-rank"])
def test_ranking(tollgate: Tollgate, make_client: Callable[..., OpenAI], model: str) -> None:
    client = make_client()
    for path in ("/rerank", "/v1/rerank", "/v2/rerank"):
        body = {"model": model, "query": "fox jumps", "documents": DOCUMENTS, "top_n": 2, "return_documents": True}
        answer: Any = client.post(f"{tollgate.url}{path}", body=body, cast_to=object)
        expected = [
            {"index": index, "relevance_score": score("fox jumps", DOCUMENTS[index]), "document": {"text": DOCUMENTS[index]}}
            for index in (1, 2)
        ]
        assert answer["results"] == expected
    # Two dollars a thousand searches, at either.
    assert spent(tollgate, client, 3) == pytest.approx(3 * 0.002)
