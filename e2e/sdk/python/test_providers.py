"""Providers with protocols or credentials of their own, through OpenAI's Python SDK. The fakes check what they are sent."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import azure
import openai
import pytest
from cohere import Cohere
from fake import CITIES, DOCUMENT, TEXT, WEATHER
from ollama import Ollama
from openai import OpenAI
from tgi import Tgi

from tollgate import E2E, Tollgate, Upstream, eventually

MODELS = ["azure-key", "azure-application", "azure-v1", "cohere", "ollama", "tgi"]
# 10 input tokens at 1e-6 and 5 output tokens at 2e-6.
COST = 0.00002
MESSAGES: list[Any] = [{"role": "user", "content": "Say something."}]
PIXEL = "data:image/png;base64,iVBORw0KGgo="
WEATHER_TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
SCHEMA: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "weather",
        "schema": {"type": "object", "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}}},
    },
}


@dataclass
class Fakes:
    azure: azure.Azure
    cohere: Cohere
    ollama: Ollama
    tgi: Tgi


@pytest.fixture(scope="module")
def fakes() -> Iterator[Fakes]:
    fakes = Fakes(azure.Azure(), Cohere(), Ollama(), Tgi())
    yield fakes
    for fake in (fakes.azure, fakes.cohere, fakes.ollama, fakes.tgi):
        fake.stop()


@pytest.fixture(scope="module")
def tollgate(fakes: Fakes, upstream: Upstream) -> Iterator[Tollgate]:
    env = {
        "AZURE_URL": fakes.azure.origin,
        "AZURE_V1_URL": f"{fakes.azure.origin}/openai/v1/",
        "AZURE_KEY": azure.KEY,
        "AZURE_SECRET": azure.CLIENT_SECRET,
        "AZURE_AUTHORITY_HOST": fakes.azure.origin,
        "COHERE_URL": fakes.cohere.origin,
        "OLLAMA_URL": fakes.ollama.origin,
        "TGI_URL": fakes.tgi.origin,
    }
    tollgate = Tollgate(upstream, E2E / "harness" / "providers.yaml", env)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


@pytest.mark.parametrize("model", MODELS)
def test_chat(client: OpenAI, tollgate: Tollgate, model: str) -> None:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "developer", "content": "Be brief."}, *MESSAGES], max_completion_tokens=50, stop="END"
    )
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage and (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (10, 5)
    rows = eventually(lambda: tollgate.logs_of(client.api_key), "the call in the log")
    assert [(row["spend"], row["status"]) for row in rows] == [(COST, "success")]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wants_usage", [True, False])
def test_stream(client: OpenAI, tollgate: Tollgate, model: str, wants_usage: bool) -> None:
    options: Any = {"stream_options": {"include_usage": True}} if wants_usage else {}
    chunks = list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True, **options))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == TEXT
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == ["stop"]
    usages = [chunk.usage.total_tokens for chunk in chunks if chunk.usage]
    assert usages == ([15] if wants_usage else [])
    rows = eventually(lambda: tollgate.logs_of(client.api_key), "the call in the log")
    assert rows[0]["spend"] == COST


@pytest.mark.parametrize("model", MODELS)
def test_tools_loop(client: OpenAI, model: str) -> None:
    asked: list[Any] = [{"role": "user", "content": "How is the weather in Oslo and Rome?"}]
    answer = client.chat.completions.create(model=model, messages=asked, tools=[WEATHER_TOOL])
    assert answer.choices[0].finish_reason == "tool_calls"
    calls = answer.choices[0].message.tool_calls or []
    assert [json.loads(call.function.arguments)["city"] for call in calls] == CITIES
    results = [{"role": "tool", "tool_call_id": call.id, "content": "21"} for call in calls]
    history = [*asked, answer.choices[0].message.model_dump(exclude_none=True), *results]
    answer = client.chat.completions.create(model=model, messages=history, tools=[WEATHER_TOOL])
    assert answer.choices[0].message.content == WEATHER


@pytest.mark.parametrize("model", MODELS)
def test_streamed_tool_calls(client: OpenAI, model: str) -> None:
    stream = client.chat.completions.create(model=model, messages=MESSAGES, tools=[WEATHER_TOOL], stream=True)
    ids: dict[int, str] = {}
    arguments: dict[int, str] = {}
    reasons = []
    for choice in (choice for chunk in stream for choice in chunk.choices):
        for call in choice.delta.tool_calls or []:
            if call.id:
                ids[call.index] = call.id
            arguments[call.index] = arguments.get(call.index, "") + (call.function and call.function.arguments or "")
        reasons += [choice.finish_reason] if choice.finish_reason else []
    assert [json.loads(arguments[index])["city"] for index in (0, 1)] == CITIES
    assert len(set(ids.values())) == 2
    assert reasons == ["tool_calls"]


@pytest.mark.parametrize("model", MODELS)
def test_vision(client: OpenAI, model: str) -> None:
    content: Any = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content == f"An image: {PIXEL}"


@pytest.mark.parametrize("model", MODELS)
def test_json_schema(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=MESSAGES, response_format=SCHEMA)
    assert json.loads(answer.choices[0].message.content or "") == DOCUMENT


def test_azures_filter_details_pass(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="azure-key", messages=MESSAGES).model_dump()
    assert answer["prompt_filter_results"] == azure.prompt_filter()
    assert answer["choices"][0]["content_filter_results"] == azure.SAFE
    stream = list(client.chat.completions.create(model="azure-key", messages=MESSAGES, stream=True))
    assert stream[0].model_dump()["prompt_filter_results"] == azure.prompt_filter()


def test_azures_errors_keep_their_class(client: OpenAI) -> None:
    def ask(content: str) -> Any:
        return client.chat.completions.create(model="azure-key", messages=[{"role": "user", "content": content}])

    with pytest.raises(openai.BadRequestError) as filtered:
        ask("FORBIDDEN")
    assert filtered.value.code == "content_filter"
    body: Any = filtered.value.body
    assert body["innererror"]["content_filter_result"]["violence"]["filtered"] is True
    with pytest.raises(openai.RateLimitError) as limited:
        ask("HURRY")
    assert limited.value.response.headers["retry-after"] == "7"
    assert "Rate limit is exceeded" in str(limited.value)


def test_one_token_serves_many_calls(client: OpenAI, fakes: Fakes) -> None:
    for _ in range(5):
        client.chat.completions.create(model="azure-application", messages=MESSAGES)
    assert len(fakes.azure.tokens) == 1


def test_an_application_that_is_refused_is_told_so_in_the_log(client: OpenAI, tollgate: Tollgate) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(model="azure-wrong-secret", messages=MESSAGES)
    assert refused.value.status_code == 502
    rows = eventually(lambda: tollgate.logs_of(client.api_key), "the failure in the log")
    assert "AADSTS7000215" in json.dumps(rows[0]["metadata"])
    assert "wrong" not in json.dumps(rows[0]["metadata"]["error"])


def test_cohere_cites_and_thinks(client: OpenAI) -> None:
    more = {"documents": [{"id": "doc:0", "data": {"text": "They jump."}}]}
    answer = client.chat.completions.create(model="cohere", messages=MESSAGES, reasoning_effort="low", extra_body=more)
    message = answer.choices[0].message.model_dump()
    cited = {"start_index": 0, "end_index": 9, "title": "Foxes", "url": "source:doc:0"}
    assert message["annotations"] == [{"type": "url_citation", "url_citation": cited}]
    assert message["reasoning_content"] == "Hm."
    stream = client.chat.completions.create(
        model="cohere", messages=MESSAGES, reasoning_effort="low", extra_body=more, stream=True
    )
    deltas = [choice.delta.model_dump() for chunk in stream for choice in chunk.choices]
    assert [delta["annotations"][0]["url_citation"] for delta in deltas if delta.get("annotations")] == [cited]
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == "Hm."


def test_ollama_thinks_with_options_of_its_own(client: OpenAI, fakes: Fakes) -> None:
    answer = client.chat.completions.create(
        model="ollama", messages=MESSAGES, reasoning_effort="low", temperature=0.5, extra_body={"num_ctx": 4096, "keep_alive": "1h"}
    )
    assert answer.choices[0].message.model_dump()["reasoning_content"] == "Hm."
    sent = fakes.ollama.calls[-1].body
    assert (sent["think"], sent["keep_alive"], sent["options"]) == ("low", "1h", {"temperature": 0.5, "num_ctx": 4096})


Errors = list[tuple[str, dict[str, Any], type[openai.APIStatusError], str]]
REFUSALS: Errors = [
    ("cohere-wrong-key", {}, openai.AuthenticationError, "invalid api token"),
    ("cohere", {"messages": [{"role": "user", "content": "LONG"}]}, openai.BadRequestError, "too many tokens"),
    ("cohere", {"n": 2}, openai.BadRequestError, "cohere does not support the parameter 'n'"),
    ("cohere", {"logit_bias": {"1": 1}}, openai.BadRequestError, "'logit_bias'"),
    ("ollama-unknown", {}, openai.NotFoundError, "model 'no-such-model' not found"),
    ("ollama", {"tool_choice": "required", "tools": [WEATHER_TOOL]}, openai.BadRequestError, "'tool_choice'"),
    ("tgi", {"messages": [{"role": "user", "content": "LONG"}]}, openai.UnprocessableEntityError, "less than 100 tokens"),
    ("tgi", {"n": 2}, openai.BadRequestError, "huggingface does not support the parameter 'n'"),
]


@pytest.mark.parametrize(("model", "more", "kind", "message"), REFUSALS)
def test_errors_have_their_class_and_the_providers_message(
    client: OpenAI, model: str, more: dict[str, Any], kind: type[openai.APIStatusError], message: str
) -> None:
    with pytest.raises(kind) as refused:
        client.chat.completions.create(**{"model": model, "messages": MESSAGES, **more})
    assert message in str(refused.value)


def test_a_request_may_have_parameters_dropped_or_sent_all_the_same(client: OpenAI, fakes: Fakes) -> None:
    ask: Callable[..., Any] = client.chat.completions.create
    ask(model="cohere", messages=MESSAGES, n=2, extra_body={"drop_params": True})
    assert "n" not in fakes.cohere.calls[-1].body
    ask(model="cohere", messages=MESSAGES, temperature=1, extra_body={"additional_drop_params": ["temperature"]})
    assert "temperature" not in fakes.cohere.calls[-1].body
    # The SDK has an `extra_body` of its own, which this is the inside of.
    ask(model="cohere", messages=MESSAGES, extra_body={"extra_body": {"safety_mode": "STRICT"}})
    assert fakes.cohere.calls[-1].body["safety_mode"] == "STRICT"
    ask(model="tgi", messages=MESSAGES, extra_body={"extra_body": {"guideline": "g"}, "num_retries": 1})
    assert fakes.tgi.calls[-1].body["guideline"] == "g"
    assert not {"extra_body", "num_retries"} & fakes.tgi.calls[-1].body.keys()


def test_what_a_call_may_cost_is_not_to_be_talked_around(client: OpenAI, fakes: Fakes) -> None:
    ask: Callable[..., Any] = client.chat.completions.create
    params = {"additional_drop_params": ["max_tokens"], "allowed_openai_params": ["max_tokens"]}
    ask(model="cohere", messages=MESSAGES, max_tokens=7, extra_body=params)
    assert fakes.cohere.calls[-1].body["max_tokens"] == 7
    ask(model="ollama", messages=MESSAGES, max_tokens=7, extra_body={"extra_body": {"options": {"num_predict": 9999}}})
    assert fakes.ollama.calls[-1].body["options"]["num_predict"] == 7
    with pytest.raises(openai.BadRequestError) as refused:
        ask(model="cohere", messages=MESSAGES, max_tokens=7, extra_body={"extra_body": {"max_tokens": 9999}})
    assert "has to stand in the body itself" in str(refused.value)
