"""The Responses API through OpenAI's Python SDK: OpenAI's own, and translated for providers that have none."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fake_bedrock as aws
import fake_google as google
import openai
import openai_responses
import pytest
from fake import DOCUMENT, TEXT
from fake_anthropic import KEY as ANTHROPIC_KEY
from fake_anthropic import FakeAnthropic
from openai import OpenAI
from openai.types.responses import Response
from openai_responses import OpenAiResponses
from pydantic import BaseModel

from tollgate import Tollgate, Upstream, eventually

CONFIG = """
model_list:
  - model_name: openai
    litellm_params: {{model: openai/gpt-4.1-mini, api_base: "{openai}/v1", api_key: {openai_key}}}
    model_info: {{supported_endpoints: ["/v1/responses"]}}
  - model_name: openai-only
    litellm_params: {{model: openai/gpt-4.1-mini, api_base: "{openai}/v1", api_key: {openai_key}}}
    model_info: {{supported_endpoints: ["/v1/responses"], mode: responses}}
  - model_name: chat
    litellm_params:
      {{model: openai/fake-model, api_base: os.environ/FAKE_UPSTREAM_URL, api_key: k, input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
  - model_name: anthropic
    litellm_params: {{model: anthropic/claude-sonnet-4-5, api_base: "{anthropic}", api_key: {anthropic_key}}}
  - model_name: bedrock
    litellm_params:
      model: bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0
      aws_region_name: us-east-1
      aws_bedrock_runtime_endpoint: {bedrock}
      aws_access_key_id: {aws_id}
      aws_secret_access_key: {aws_secret}
  - model_name: gemini
    litellm_params:
      {{model: gemini/gemini-3-pro-preview, api_base: "{google}/v1beta", api_key: {google_key}, input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
router_settings:
  num_retries: 0
"""
ALL = ["openai", "chat", "anthropic", "bedrock", "gemini"]
TRANSLATED = ALL[1:]
#: Those whose fakes call tools, see and think.
CLEVER = ["openai", "anthropic", "bedrock", "gemini"]
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
    "strict": True,
}
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG and so on").decode()


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.fixture(scope="module")
def fakes() -> Iterator[dict[str, Any]]:
    fakes = {"openai": OpenAiResponses(), "anthropic": FakeAnthropic(), "bedrock": aws.Aws(), "google": google.Google()}
    yield fakes
    for fake in fakes.values():
        fake.stop()


@pytest.fixture(scope="module")
def tollgate(fakes: dict[str, Any], upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    config: Path = tmp_path_factory.mktemp("responses") / "config.yaml"
    origins = {name: fake.origin for name, fake in fakes.items()}
    keys = {
        "openai_key": openai_responses.KEY,
        "anthropic_key": ANTHROPIC_KEY,
        "aws_id": aws.ACCESS_KEY,
        "aws_secret": aws.SECRET_KEY,
        "google_key": google.API_KEY,
    }
    config.write_text(CONFIG.format(**origins, **keys))
    tollgate = Tollgate(upstream, config)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


def streamed(client: OpenAI, **ask: Any) -> Response:
    """The response at the end of a stream, whose events add up to it."""
    texts: dict[str, str] = {}
    with client.responses.stream(**ask) as stream:
        numbers = []
        for event in stream:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                texts[event.item_id] = texts.get(event.item_id, "") + event.delta
        final = stream.get_final_response()
    assert numbers == list(range(len(numbers)))
    assert "".join(texts.values()) == final.output_text
    return final


def calls_of(response: Response) -> list[Any]:
    return [item for item in response.output if item.type == "function_call"]


@pytest.mark.parametrize("model", ALL)
def test_whole_and_streamed_cost_the_same(client: OpenAI, tollgate: Tollgate, model: str) -> None:
    ask: Any = {"model": model, "input": "Say something.", "instructions": "Be brief.", "max_output_tokens": 200}
    whole = client.responses.create(**ask, metadata={"k": "v"})
    assert whole.id.startswith("resp_") and whole.object == "response" and whole.status == "completed"
    assert whole.output_text and whole.metadata == {"k": "v"}
    assert whole.usage and whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens
    final = streamed(client, **ask)
    assert (final.status, final.output_text) == ("completed", whole.output_text)
    assert final.usage == whole.usage
    rows = eventually(lambda: [rows := tollgate.logs_of(client.api_key)] and len(rows) == 2 and rows, "both calls")
    assert rows[0]["spend"] == rows[1]["spend"] > 0
    assert {row["call_type"] for row in rows} == {"aresponses"}


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("model", CLEVER)
def test_tools_are_called_and_answered(client: OpenAI, model: str, is_streamed: bool) -> None:
    history: list[Any] = [{"role": "user", "content": "How is the weather in Oslo and Rome?"}]
    ask: Any = {"model": model, "tools": [WEATHER], "store": False}
    make: Callable[..., Response] = (lambda **more: streamed(client, **more)) if is_streamed else client.responses.create
    first = make(**ask, input=history)
    calls = calls_of(first)
    assert len(calls) >= 1 and {call.name for call in calls} == {"weather"}
    assert all("city" in json.loads(call.arguments) for call in calls)
    history += [item.model_dump(exclude_none=True, exclude={"parsed_arguments", "parsed"}) for item in first.output]
    for item in history:
        item.pop("parsed_arguments", None)
    history += [{"type": "function_call_output", "call_id": call.call_id, "output": "warm"} for call in calls]
    second = make(**ask, input=history)
    assert "warm" in second.output_text, second.output_text


@pytest.mark.parametrize("model", CLEVER)
def test_thoughts_are_told_and_carried_on(client: OpenAI, model: str) -> None:
    history: list[Any] = [{"role": "user", "content": "Why?"}]
    ask: Any = {
        "model": model,
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "max_output_tokens": 4000,
    }
    for make in (client.responses.create, lambda **more: streamed(client, **more)):
        first = make(**ask, input=history)
        thought = next(item for item in first.output if item.type == "reasoning")
        assert thought.summary[0].text
        again = make(**ask, input=[*history, *[item.model_dump(exclude_none=True) for item in first.output], *history])
        assert again.output_text


@pytest.mark.parametrize("model", CLEVER)
def test_answers_have_the_form_that_was_asked_for(client: OpenAI, model: str) -> None:
    parsed = client.responses.parse(model=model, input="How is the weather?", text_format=Weather)
    assert parsed.output_parsed is not None and isinstance(parsed.output_parsed, Weather)
    if model in ("openai", "anthropic"):
        assert parsed.output_parsed.city == DOCUMENT["city"]
    schema = {"type": "json_schema", "name": "weather", "schema": {**Weather.model_json_schema(), "additionalProperties": False}}
    final = streamed(client, model=model, input="How is the weather?", text={"format": schema})
    Weather.model_validate_json(final.output_text)


@pytest.mark.parametrize("model", ["openai", "anthropic"])
def test_pictures_are_seen(client: OpenAI, model: str) -> None:
    content: Any = [{"type": "input_text", "text": "What is it?"}, {"type": "input_image", "image_url": PNG, "detail": "auto"}]
    seen = client.responses.create(model=model, input=[{"role": "user", "content": content}])
    assert seen.output_text == "I see image/png."


@pytest.mark.parametrize("model", ["openai", "chat"])
def test_custom_tools_are_called_with_any_text(client: OpenAI, model: str) -> None:
    tools: Any = [{"type": "custom", "name": "patch", "description": "Patches."}]
    ask: Any = {"model": model, "input": "Patch it.", "tools": tools, "tool_choice": "required"}
    for response in (client.responses.create(**ask), streamed(client, **ask) if model == "openai" else None):
        if response:
            call = next(item for item in response.output if item.type == "custom_tool_call")
            assert (call.name, bool(call.input)) == ("patch", True)


def test_a_conversation_is_kept_by_the_provider(client: OpenAI, make_client: Callable[..., OpenAI], fakes: dict[str, Any]) -> None:
    first = client.responses.create(model="openai", input="Remember this.")
    second = client.responses.create(model="openai", input="How many?", previous_response_id=first.id)
    assert second.output_text == "3 items." and second.previous_response_id == first.id
    third = streamed(client, model="openai", input="How many?", previous_response_id=second.id)
    assert third.output_text == "5 items."
    assert not any(first.id in call.raw.decode() for call in fakes["openai"].calls)

    assert client.responses.retrieve(first.id).output_text == TEXT
    items = client.responses.input_items.list(first.id, limit=5).data
    assert items[0].content == "Remember this."  # type: ignore[union-attr]
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.cancel(first.id)
    stranger = make_client()
    with pytest.raises(openai.NotFoundError):
        stranger.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError) as refused:
        stranger.responses.create(model="openai", input="x", previous_response_id=first.id)
    assert refused.value.param == "previous_response_id"
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


@pytest.mark.parametrize("model", TRANSLATED)
def test_what_only_the_api_can_do_is_refused_elsewhere(client: OpenAI, model: str) -> None:
    for field, value in {
        "previous_response_id": "resp_1",
        "conversation": "conv_1",
        "background": True,
        "prompt": {"id": "pmpt_1"},
        "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}],
    }.items():
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(**{"model": model, "input": "x", field: value})  # type: ignore[call-overload]
        assert refused.value.param == field


def test_errors_are_of_the_right_class(client: OpenAI, tollgate: Tollgate) -> None:
    with pytest.raises(openai.BadRequestError) as too_long:
        client.responses.create(model="openai", input="This is too long.")
    assert too_long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as too_long:
        client.responses.create(model="anthropic", input="This is too long.")
    assert too_long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as unknown:
        client.responses.create(model="no-such-model", input="x")
    assert unknown.value.param == "model"
    with pytest.raises(openai.AuthenticationError):
        OpenAI(base_url=f"{tollgate.url}/v1", api_key="sk-nobody", max_retries=0).responses.create(model="openai", input="x")


def test_an_answer_that_is_cut_says_so(client: OpenAI) -> None:
    whole = client.responses.create(model="openai", input="Tell me a long story.", max_output_tokens=16)
    assert whole.status == "incomplete"
    assert whole.incomplete_details and whole.incomplete_details.reason == "max_output_tokens"


def test_models_of_the_api_alone_answer_chats(client: OpenAI, tollgate: Tollgate) -> None:
    ask: Any = {"model": "openai-only", "messages": [{"role": "user", "content": "Say something."}]}
    whole = client.chat.completions.create(**ask)
    assert whole.choices[0].message.content == TEXT and whole.choices[0].finish_reason == "stop"
    chunks = list(client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert chunks[-1].usage == whole.usage
    tool: Any = {"type": "function", "function": {name: WEATHER[name] for name in ("name", "description", "parameters")}}
    called = client.chat.completions.create(**ask, tools=[tool]).choices[0]
    assert called.finish_reason == "tool_calls" and called.message.tool_calls
    history = [*ask["messages"], called.message.model_dump(exclude_none=True)]
    history += [{"role": "tool", "tool_call_id": call.id, "content": "warm"} for call in called.message.tool_calls]
    answer = client.chat.completions.create(model="openai-only", messages=history, tools=[tool])
    assert answer.choices[0].message.content == "It says: warm; warm"
