"""Every feature of a chat, asked of every provider through OpenAI's Python SDK, and of a message through Anthropic's.

A feature works, or the client is told by the parameter's name that the provider has not got it, or it is a wish that
changes nothing where there is nobody to heed it. Which of these is written to the folder TOLLGATE_FEATURES; the table made
of it stands in the documentation, and a test compares the two.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI
from providers import Providers
from pydantic import BaseModel

from tollgate import Tollgate

MODELS = [
    "openai", "azure", "anthropic", "bedrock-claude", "bedrock-nova", "gemini", "vertex", "vertex-claude", "cohere", "ollama",
    "tgi",
]  # fmt: skip
#: Who has a model for embeddings here.
EMBEDDERS = ["openai", "azure", "bedrock-nova", "gemini", "vertex", "cohere", "ollama"]
WORKS, REFUSED, IGNORED = "works", "refused", "ignored"
#: How a refusal says that the provider has not got something; the last is TGI's own.
LACKS = ("does not support", "does not take", "unknown variant")
#: Who answers whatever is asked: a context that is too long loses its beginning.
TOO_LONG_FOR_NOBODY = {"ollama"}
TEXT = "The quick brown fox"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = base64.b64encode(b"%PDF-1.4 and so on").decode()
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather of a city.", "parameters": CITY}}
QUESTION = "How is the weather in Oslo and Rome?"


class Report(BaseModel):
    """A structured answer."""

    city: str
    degrees: int


def says(*content: Any) -> list[Any]:
    return [{"role": "user", "content": content[0] if len(content) == 1 else list(content)}]


class Chat:
    """Asks one model in OpenAI's protocol."""

    def __init__(self, client: OpenAI, model: str, providers: Providers) -> None:
        self.client, self.model, self.providers = client, model, providers

    def ask(self, messages: list[Any] | None = None, **fields: Any) -> Any:
        return self.client.chat.completions.create(model=self.model, messages=messages or says("Say something."), **fields)

    def reads(self, **fields: Any) -> Any:
        """An answer to a plain question, with more fields."""
        answer = self.ask(**fields)
        assert (answer.choices[0].message.content or "").startswith(TEXT[:3])
        return answer

    def sent(self) -> str:
        """What the provider was asked last."""
        return json.dumps(self.providers.calls(self.model)[-1])


def chat(model: Chat) -> None:
    answer = model.reads(messages=[{"role": "system", "content": "Be brief."}, *says("Say something.")], max_completion_tokens=50)
    assert answer.choices[0].finish_reason == "stop" and answer.usage.completion_tokens > 0


def stream(model: Chat) -> None:
    chunks = list(model.ask(stream=True, stream_options={"include_usage": True}))
    pieces = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert len(pieces) > 1 and "".join(pieces).startswith(TEXT)
    assert [chunk.usage.completion_tokens > 0 for chunk in chunks if chunk.usage] == [True]


def tools(model: Chat, is_stream: bool = False) -> None:
    message = call_weather(model, is_stream)
    cities = [json.loads(call["function"]["arguments"])["city"] for call in message["tool_calls"]]
    assert "Oslo" in cities
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "21 degrees"} for call in message["tool_calls"]]
    answer = model.ask([*says(QUESTION), message, *results], tools=[TOOL])
    assert "21 degrees" in answer.choices[0].message.content


def call_weather(model: Chat, is_stream: bool) -> dict[str, Any]:
    if not is_stream:
        answer = model.ask(says(QUESTION), tools=[TOOL])
        assert answer.choices[0].finish_reason == "tool_calls"
        return answer.choices[0].message.model_dump(exclude_none=True)
    calls: dict[int, dict[str, Any]] = {}
    for chunk in model.ask(says(QUESTION), tools=[TOOL], stream=True):
        for piece in (piece for choice in chunk.choices for piece in choice.delta.tool_calls or []):
            known = calls.setdefault(piece.index, {"id": piece.id, "type": "function", "function": {"name": "", "arguments": ""}})
            known["function"]["name"] += piece.function.name or ""
            known["function"]["arguments"] += piece.function.arguments or ""
    return {"role": "assistant", "tool_calls": list(calls.values())}


def streamed_tools(model: Chat) -> None:
    tools(model, is_stream=True)


def parallel_calls(model: Chat) -> str | None:
    other = {"type": "function", "function": {"name": "time", "parameters": CITY}}
    calls = model.ask(says(QUESTION), tools=[TOOL, other]).choices[0].message.tool_calls
    return None if len({call.id for call in calls}) == len(calls) > 1 else IGNORED


def one_call_at_a_time(model: Chat) -> None:
    assert len(model.ask(says(QUESTION), tools=[TOOL], parallel_tool_calls=False).choices[0].message.tool_calls) >= 1


def required_tool(model: Chat) -> None:
    assert model.ask(says(QUESTION), tools=[TOOL], tool_choice="required").choices[0].message.tool_calls


def named_tool(model: Chat) -> None:
    choice = {"type": "function", "function": {"name": "weather"}}
    assert model.ask(says(QUESTION), tools=[TOOL], tool_choice=choice).choices[0].message.tool_calls[0].function.name == "weather"


def vision(model: Chat) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    answer = model.ask(says({"type": "text", "text": "What is this?"}, image))
    assert "image/png" in answer.choices[0].message.content.replace(" png", "/png")


def documents(model: Chat) -> None:
    file = {"type": "file", "file": {"filename": "report.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}
    answer = model.ask(says({"type": "text", "text": "What is this?"}, file))
    assert "pdf" in answer.choices[0].message.content


def json_schema(model: Chat) -> None:
    answer = model.client.chat.completions.parse(model=model.model, messages=says("Weather?"), response_format=Report)
    assert answer.choices[0].message.parsed and answer.choices[0].message.parsed.city


def reasoning(model: Chat) -> str | None:
    message = model.reads(reasoning_effort="low").choices[0].message
    return None if message.model_dump().get("reasoning_content") else IGNORED


def signed_thoughts(model: Chat) -> str | None:
    """What was thought before a call goes back with the call's result; the fakes refuse a signature that is not theirs."""
    message = model.ask(says(QUESTION.replace("How", "Tell me how")), tools=[TOOL], reasoning_effort="low").choices[0].message
    fields = message.model_dump(exclude_none=True)
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "21 degrees"} for call in fields["tool_calls"]]
    answer = model.ask([*says(QUESTION), fields, *results], tools=[TOOL], reasoning_effort="low")
    assert "21 degrees" in answer.choices[0].message.content
    is_signed = any("signature" in block for block in fields.get("thinking_blocks", []))
    return None if is_signed or "__thought__" in fields["tool_calls"][0]["id"] else IGNORED


def prompt_caching(model: Chat) -> str | None:
    part = {"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral"}}
    details = model.reads(messages=says(part, {"type": "text", "text": "Say something."})).usage.prompt_tokens_details
    return None if details and details.cached_tokens else IGNORED


def citations(model: Chat) -> str | None:
    found = model.reads(web_search_options={}).choices[0].message.annotations
    assert all(one.url_citation.url for one in found or [])
    return None if found else IGNORED


def streamed_citations(model: Chat) -> str | None:
    deltas = [choice.delta.model_dump() for chunk in model.ask(web_search_options={}, stream=True) for choice in chunk.choices]
    found = [note["url_citation"]["url"] for delta in deltas for note in delta.get("annotations") or []]
    return None if found == ["https://fox.example/"] else IGNORED


def cut_answer(model: Chat) -> None:
    answer = model.ask(max_tokens=2)
    assert answer.choices[0].finish_reason == "length" and answer.choices[0].message.content == "The quick"


def no_tool(model: Chat) -> str | None:
    answer = model.ask(says(QUESTION), tools=[TOOL], tool_choice="none")
    return IGNORED if answer.choices[0].message.tool_calls else None


def too_long(model: Chat) -> str | None:
    if model.model in TOO_LONG_FOR_NOBODY:
        return IGNORED
    with pytest.raises((openai.BadRequestError, openai.UnprocessableEntityError)) as refused:
        model.ask(says("This is too long."))
    assert refused.value.code == "context_length_exceeded"
    return None


def rate_limited(model: Chat) -> None:
    with pytest.raises(openai.RateLimitError):
        model.ask(says("Please fail 429."))


def several_answers(model: Chat) -> None:
    assert len(model.reads(n=2).choices) == 2


def streamed_logprobs(model: Chat) -> None:
    chunks = model.ask(logprobs=True, top_logprobs=2, stream=True)
    found = [choice.logprobs.content for chunk in chunks for choice in chunk.choices if choice.logprobs]
    assert "".join(entry.token for content in found for entry in content).startswith(TEXT)


def logprobs(model: Chat) -> None:
    found = model.reads(logprobs=True, top_logprobs=2).choices[0].logprobs
    assert found and found.content[0].top_logprobs


def told(*said: str, **fields: Any) -> Callable[[Chat], str | None]:
    """The provider is told, in words of its own, of which one has to be among those it is sent."""

    def check(model: Chat) -> str | None:
        model.reads(**fields)
        return None if any(words in model.sent() for words in said) else IGNORED

    return check


CHATS: dict[str, Callable[[Chat], str | None]] = {
    "chat": chat,
    "stream": stream,
    "tools": tools,
    "streamed tools": streamed_tools,
    "parallel tool calls": parallel_calls,
    "`parallel_tool_calls: false`": one_call_at_a_time,
    "`tool_choice: required`": required_tool,
    "`tool_choice: none`": no_tool,
    "`tool_choice` of one tool": named_tool,
    "vision": vision,
    "documents (PDF)": documents,
    "JSON schema": json_schema,
    "`reasoning_effort`": reasoning,
    "signed thoughts": signed_thoughts,
    "`cache_control`": prompt_caching,
    "web search, citations": citations,
    "streamed citations": streamed_citations,
    "`developer` role": told("Be brief", messages=[{"role": "developer", "content": "Be brief."}, *says("Say something.")]),
    "`temperature`, `top_p`": told("0.515", temperature=0.515, top_p=0.9),
    "cut at `max_tokens`": cut_answer,
    "`stop`": told("THE END", stop=["THE END"]),
    "`seed`": told("71077", seed=71077),
    "penalties": told("0.515", presence_penalty=0.515, frequency_penalty=0.515),
    "`logit_bias`": told("71077", logit_bias={"71077": 1}),
    "`n`": several_answers,
    "`logprobs`": logprobs,
    "streamed `logprobs`": streamed_logprobs,
    "`user`": told("user-71077", user="user-71077"),
    "`service_tier`": told("flex", "standard_only", service_tier="flex"),
    "too long a context is told": too_long,
    "a rate limit is told": rate_limited,
}


def message_chat(client: Anthropic, model: str) -> None:
    message = client.messages.create(model=model, max_tokens=50, system="Be brief.", messages=says("Say something."))
    assert message.content[0].text.startswith(TEXT) and message.stop_reason == "end_turn"


def message_stream(client: Anthropic, model: str) -> None:
    with client.messages.stream(model=model, max_tokens=50, messages=says("Say something.")) as events:
        pieces = list(events.text_stream)
        assert len(pieces) > 1 and "".join(pieces).startswith(TEXT)
        assert events.get_final_message().usage.output_tokens > 0


def message_tools(client: Anthropic, model: str, is_stream: bool = False) -> None:
    offered: Any = [{"name": "weather", "description": "The weather of a city.", "input_schema": CITY}]
    asked: Any = {"model": model, "max_tokens": 200, "tools": offered}
    if is_stream:
        with client.messages.stream(**asked, messages=says(QUESTION)) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(**asked, messages=says(QUESTION))
    calls = [block for block in message.content if block.type == "tool_use"]
    assert "Oslo" in [call.input["city"] for call in calls]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "21 degrees"} for call in calls]
    history: Any = [*says(QUESTION), {"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    assert "21 degrees" in client.messages.create(**asked, messages=history).content[-1].text


def message_streamed_tools(client: Anthropic, model: str) -> None:
    message_tools(client, model, is_stream=True)


def message_vision(client: Anthropic, model: str) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    asked: Any = says({"type": "text", "text": "What is this?"}, image)
    answer = client.messages.create(model=model, max_tokens=50, messages=asked)
    assert "image/png" in answer.content[0].text.replace(" png", "/png")


def message_json_schema(client: Anthropic, model: str) -> None:
    answer = client.messages.parse(model=model, max_tokens=50, messages=says("Weather?"), output_format=Report)
    assert answer.parsed_output and answer.parsed_output.city


def message_document(client: Anthropic, model: str) -> None:
    document: Any = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}}
    answer = client.messages.create(model=model, max_tokens=50, messages=says({"type": "text", "text": "What is it?"}, document))
    assert "pdf" in answer.content[0].text


def message_thinking(client: Anthropic, model: str) -> str | None:
    asked: Any = {"model": model, "max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    message = client.messages.create(**asked, messages=says("Say something."))
    assert message.content[-1].text.startswith(TEXT)
    return None if message.content[0].type == "thinking" else IGNORED


def message_signatures(client: Anthropic, model: str) -> str | None:
    """What was thought before a call goes back with the call's result."""
    offered: Any = [{"name": "weather", "description": "The weather of a city.", "input_schema": CITY}]
    asked: Any = {"model": model, "max_tokens": 3000, "tools": offered, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    with client.messages.stream(**asked, messages=says(QUESTION)) as events:
        message = events.get_final_message()
    calls = [block for block in message.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "21 degrees"} for call in calls]
    history: Any = [*says(QUESTION), {"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    assert "21 degrees" in client.messages.create(**asked, messages=history).content[-1].text
    is_signed = any(block.type == "thinking" and block.signature for block in message.content)
    return None if is_signed or "__thought__" in calls[0].id else IGNORED


def message_caching(client: Anthropic, model: str) -> str | None:
    part: Any = {"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral"}}
    answer = client.messages.create(model=model, max_tokens=50, system=[part], messages=says("Say something."))
    return None if answer.usage.cache_read_input_tokens else IGNORED


def message_cut(client: Anthropic, model: str) -> None:
    answer = client.messages.create(model=model, max_tokens=2, messages=says("Say something."))
    assert (answer.stop_reason, answer.content[0].text) == ("max_tokens", "The quick")


def message_choice(client: Anthropic, model: str) -> None:
    offered: Any = [{"name": "weather", "description": "The weather of a city.", "input_schema": CITY}]
    answer = client.messages.create(
        model=model, max_tokens=200, tools=offered, tool_choice={"type": "any", "disable_parallel_tool_use": True}, messages=says(QUESTION)
    )
    assert answer.stop_reason == "tool_use"


def message_count(client: Anthropic, model: str) -> None:
    assert client.messages.count_tokens(model=model, messages=says("Say something.")).input_tokens > 0


def message_too_long(client: Anthropic, model: str) -> str | None:
    if model in TOO_LONG_FOR_NOBODY:
        return IGNORED
    with pytest.raises((anthropic.BadRequestError, anthropic.UnprocessableEntityError)):
        client.messages.create(model=model, max_tokens=50, messages=says("This is too long."))
    return None


def as_claude_code(client: Anthropic, model: str) -> None:
    """All that Claude Code says at once: betas, marks to cache, thinking, what is to become of old context."""
    marked = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    tool: Any = {"name": "weather", "description": "The weather of a city.", "input_schema": CITY, **marked}
    asked: Any = {
        "model": model,
        "max_tokens": 32_000,
        "betas": ["interleaved-thinking-2025-05-14", "context-management-2025-06-27", "extended-cache-ttl-2025-04-11"],
        "system": [{"type": "text", "text": "You are Claude Code.", **marked}],
        "tools": [tool],
        "metadata": {"user_id": json.dumps({"device_id": "d" * 64, "session_id": "s" * 36})},
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    }
    history: Any = [{"role": "user", "content": [{"type": "text", "text": QUESTION, **marked}]}]
    with client.beta.messages.stream(**asked, messages=history) as events:
        message = events.get_final_message()
    calls = [block for block in message.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "21 degrees"}]} for call in calls]
    history += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    with client.beta.messages.stream(**asked, messages=history) as events:
        assert "21 degrees" in events.get_final_message().content[-1].text


MESSAGES: dict[str, Callable[[Anthropic, str], str | None]] = {
    "chat": message_chat,
    "stream": message_stream,
    "tools": message_tools,
    "streamed tools": message_streamed_tools,
    "`tool_choice: any`, one call": message_choice,
    "vision": message_vision,
    "documents (PDF)": message_document,
    "JSON schema": message_json_schema,
    "`thinking`": message_thinking,
    "signed thoughts": message_signatures,
    "`cache_control`": message_caching,
    "cut at `max_tokens`": message_cut,
    "`count_tokens`": message_count,
    "too long a context is told": message_too_long,
    "as Claude Code asks": as_claude_code,
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("feature", CHATS)
def test_openai(
    matrix: Tollgate, providers: Providers, key: str, results: list[dict[str, str]], feature: str, model: str
) -> None:
    client = OpenAI(base_url=f"{matrix.url}/v1", api_key=key, max_retries=0, timeout=30)
    try:
        outcome = CHATS[feature](Chat(client, model, providers)) or WORKS
    except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
        assert any(words in str(error) for words in LACKS), error
        outcome = REFUSED
    results.append({"client": "OpenAI Python", "model": model, "feature": feature, "outcome": outcome})


@pytest.mark.parametrize("model", EMBEDDERS)
def test_embeddings(matrix: Tollgate, key: str, results: list[dict[str, str]], model: str) -> None:
    client = OpenAI(base_url=f"{matrix.url}/v1", api_key=key, max_retries=0, timeout=30)
    answer = client.embeddings.create(model=f"{model}-embedding", input=["A fox", "The lazy dog"])
    assert [len(one.embedding) > 1 for one in answer.data] == [True, True]
    assert answer.usage.prompt_tokens >= 0
    results.append({"client": "OpenAI Python", "model": model, "feature": "embeddings", "outcome": WORKS})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("feature", MESSAGES)
def test_anthropic(matrix: Tollgate, key: str, results: list[dict[str, str]], feature: str, model: str) -> None:
    client = Anthropic(base_url=matrix.url, api_key=key, max_retries=0, timeout=30)
    try:
        outcome = MESSAGES[feature](client, model) or WORKS
    except (anthropic.BadRequestError, anthropic.UnprocessableEntityError) as error:
        assert any(words in str(error) for words in LACKS), error
        outcome = REFUSED
    results.append({"client": "Anthropic Python", "model": model, "feature": feature, "outcome": outcome})
