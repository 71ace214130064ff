"""Anthropic's models through OpenAI's SDK, and everybody's through Anthropic's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from fake_anthropic import KEY, FakeAnthropic
from openai import OpenAI

from tollgate import Tollgate, Upstream, eventually

CONFIG = f"""model_list:
  - model_name: claude
    litellm_params:
      model: anthropic/claude-sonnet-4-5
      api_base: os.environ/FAKE_ANTHROPIC_URL
      api_key: {KEY}
  - model_name: gpt
    litellm_params:
      model: openai/fake-model
      api_base: os.environ/FAKE_UPSTREAM_URL
      api_key: sk-of-the-provider
      input_cost_per_token: 0.000001
      output_cost_per_token: 0.000002
router_settings:
  num_retries: 0
"""
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
TEXT = "The quick brown fox jumps."
# 20 × $3 + 8 × $3.75 + 4 × $0.30 + 6 × $15, a million tokens each.
COST = 0.0001812
WEATHER: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeAnthropic]:
    fake = FakeAnthropic()
    yield fake
    fake.stop()


@pytest.fixture(scope="module")
def gateway(upstream: Upstream, fake: FakeAnthropic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    config: Path = tmp_path_factory.mktemp("anthropic") / "config.yaml"
    config.write_text(CONFIG)
    tollgate = Tollgate(upstream, config)
    tollgate.env["FAKE_ANTHROPIC_URL"] = fake.origin
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


@pytest.fixture
def key(gateway: Tollgate) -> str:
    return str(gateway.manage("POST", "/key/generate", {})["key"])


@pytest.fixture
def chat(gateway: Tollgate, key: str) -> OpenAI:
    return OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, timeout=30)


@pytest.fixture
def messages(gateway: Tollgate, key: str) -> Anthropic:
    return Anthropic(base_url=gateway.url, api_key=key, max_retries=0, timeout=30)


def user(content: Any) -> list[Any]:
    return [{"role": "user", "content": content}]


def test_chat_whole_and_streamed_costs_the_same(chat: OpenAI, gateway: Tollgate) -> None:
    whole = chat.chat.completions.create(model="claude", messages=user("Say something."))
    assert whole.choices[0].message.content == TEXT
    assert whole.usage and (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (32, 6)
    stream = chat.chat.completions.create(model="claude", messages=user("Say something."), stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == TEXT
    rows = eventually(lambda: [rows := gateway.logs_of(chat.api_key)] and len(rows) == 2 and rows, "both calls")
    assert [row["spend"] for row in rows] == [COST, COST]


@pytest.mark.parametrize("streamed", [False, True])
def test_chat_with_tools_that_are_called_at_once(chat: OpenAI, streamed: bool) -> None:
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
    asked = user("How is the weather?")
    with chat.chat.completions.stream(model="claude", messages=asked, tools=tools) as stream:
        message = stream.get_final_completion().choices[0].message
    if not streamed:
        message = chat.chat.completions.create(model="claude", messages=asked, tools=tools).choices[0].message  # type: ignore[assignment]
    assert message.tool_calls
    assert [json.loads(call.function.arguments) for call in message.tool_calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    results = [{"role": "tool", "tool_call_id": call.id, "content": f"{n} degrees"} for n, call in enumerate(message.tool_calls)]
    history = [*asked, message.model_dump(exclude_none=True, exclude={"parsed"}), *results]
    for call in history[1]["tool_calls"]:
        call["function"].pop("parsed_arguments", None)
    answer = chat.chat.completions.create(model="claude", messages=history, tools=tools)
    assert answer.choices[0].message.content == "It says: 0 degrees; 1 degrees"


def test_chat_sees_and_answers_in_json(chat: OpenAI) -> None:
    image = {"type": "image_url", "image_url": {"url": PNG}}
    seen = chat.chat.completions.create(model="claude", messages=user([{"type": "text", "text": "What is it?"}, image]))
    assert seen.choices[0].message.content == "I see image/png."
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}}}
    form: Any = {"type": "json_schema", "json_schema": {"name": "weather", "schema": schema}}
    whole = chat.chat.completions.create(model="claude", messages=user("Weather?"), response_format=form)
    assert json.loads(whole.choices[0].message.content or "") == {"city": "Oslo", "degrees": 21}
    assert whole.choices[0].finish_reason == "stop"
    chunks = chat.chat.completions.create(model="claude", messages=user("Weather?"), response_format=form, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert json.loads(text) == {"city": "Oslo", "degrees": 21}


def test_chat_thinks_and_carries_the_signature_on(chat: OpenAI) -> None:
    answer = chat.chat.completions.create(model="claude", messages=user("Why?"), reasoning_effort="low").choices[0].message
    assert answer.model_extra and answer.model_extra["reasoning_content"] == "Let me think."
    history = [*user("Why?"), answer.model_dump(exclude_none=True), *user("And then?")]
    again = chat.chat.completions.create(model="claude", messages=history, reasoning_effort="low")
    assert again.choices[0].message.content == TEXT


def test_chat_errors_are_of_the_right_class(chat: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as too_long:
        chat.chat.completions.create(model="claude", messages=user("This is too long."))
    assert too_long.value.code == "context_length_exceeded"
    with pytest.raises(openai.InternalServerError, match="Overloaded"):
        chat.chat.completions.create(model="claude", messages=user("You are overloaded."))
    with pytest.raises(openai.BadRequestError) as refused:
        chat.chat.completions.create(model="claude", messages=user("x"), logit_bias={"1": 1})
    assert refused.value.param == "logit_bias"


@pytest.mark.parametrize("model", ["claude", "gpt"])
def test_messages_whole_and_streamed(messages: Anthropic, model: str) -> None:
    ask: Any = {"model": model, "max_tokens": 100, "messages": user("Say something.")}
    whole = messages.messages.create(**ask)
    assert [block.text for block in whole.content if block.type == "text"] == [TEXT]
    assert whole.stop_reason == "end_turn"
    assert whole.usage.output_tokens > 0
    with messages.messages.stream(**ask) as stream:
        assert "".join(stream.text_stream) == TEXT
        final = stream.get_final_message()
    assert final.stop_reason == "end_turn"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (whole.usage.input_tokens, whole.usage.output_tokens)
    assert messages.messages.count_tokens(model=model, messages=user("Say something.")).input_tokens > 0


def test_messages_think_use_tools_and_go_on(messages: Anthropic) -> None:
    tools: Any = [{"name": "weather", "input_schema": WEATHER}]
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    ask: Any = {"model": "claude", "max_tokens": 2000, "tools": tools, "thinking": thinking}
    with messages.messages.stream(**ask, messages=user("How is the weather?")) as stream:
        message = stream.get_final_message()
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "warm"} for call in calls]
    history = [*user("How is the weather?"), {"role": "assistant", "content": message.content}, *user(results)]
    answer = messages.messages.create(**ask, messages=history)
    assert answer.content[-1].type == "text" and answer.content[-1].text == "It says: warm; warm"


def test_messages_errors_are_of_the_right_class(messages: Anthropic, gateway: Tollgate) -> None:
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
        messages.messages.create(model="claude", max_tokens=9, messages=user("This is too long."))
    with pytest.raises(anthropic.AuthenticationError):
        Anthropic(base_url=gateway.url, api_key="sk-nobody", max_retries=0).messages.create(
            model="claude", max_tokens=9, messages=user("x")
        )
