"""What has no place in the other protocol, or another one there, through both SDKs."""

from typing import Any

import pytest
from anthropic import Anthropic
from openai import OpenAI

from tollgate import Tollgate


def says(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def chat(matrix: Tollgate) -> OpenAI:
    key = matrix.manage("POST", "/key/generate", {})["key"]
    return OpenAI(base_url=f"{matrix.url}/v1", api_key=key, max_retries=0, timeout=30)


@pytest.fixture
def messages(matrix: Tollgate, chat: OpenAI) -> Anthropic:
    return Anthropic(base_url=matrix.url, api_key=chat.api_key, max_retries=0, timeout=30)


def test_openais_refusals_pass(chat: OpenAI) -> None:
    whole = chat.chat.completions.create(model="openai", messages=says("Please refuse me.")).choices[0].message
    assert whole.refusal and whole.content is None
    with chat.chat.completions.stream(model="openai", messages=says("Please refuse me.")) as stream:
        assert stream.get_final_completion().choices[0].message.refusal == whole.refusal


@pytest.mark.parametrize("model", ["openai", "azure", "anthropic", "vertex-claude"])
def test_refusals_are_anthropics_refusals(messages: Anthropic, model: str) -> None:
    asked: Any = {"model": model, "max_tokens": 100, "messages": says("Please refuse me.")}
    whole = messages.messages.create(**asked)
    with messages.messages.stream(**asked) as stream:
        final = stream.get_final_message()
    assert (whole.stop_reason, final.stop_reason) == ("refusal", "refusal")
    assert whole.content[0].text == final.content[0].text and "cannot" in whole.content[0].text


@pytest.mark.parametrize("model", ["anthropic", "vertex-claude"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_anthropics_refusals_are_openais_filter(chat: OpenAI, model: str, is_stream: bool) -> None:
    answer: Any = chat.chat.completions.create(model=model, messages=says("Please refuse me."), stream=is_stream)
    choices = [choice for chunk in answer for choice in chunk.choices] if is_stream else answer.choices
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["content_filter"]


def test_several_streamed_answers_keep_apart(chat: OpenAI) -> None:
    texts = {0: "", 1: ""}
    for chunk in chat.chat.completions.create(model="gemini", messages=says("Hi!"), n=2, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts[0] == texts[1] == "The quick brown fox heard: Hi!"


@pytest.mark.parametrize(("tier", "sent"), [("default", "standard_only"), ("auto", "auto"), ("priority", "auto")])
def test_service_tiers_in_anthropics_words(chat: OpenAI, providers: Any, tier: Any, sent: str) -> None:
    chat.chat.completions.create(model="anthropic", messages=says("Hi!"), service_tier=tier)
    assert providers.calls("anthropic")[-1][1]["service_tier"] == sent


def test_an_answer_tells_its_tier(chat: OpenAI) -> None:
    assert chat.chat.completions.create(model="openai", messages=says("Hi!"), service_tier="flex").service_tier == "flex"


def test_a_policy_of_openais_is_told_as_such(chat: OpenAI, messages: Anthropic) -> None:
    for client in (chat.chat.completions.create, messages.messages.create):
        with pytest.raises(Exception, match="rejected by our safety system") as refused:
            client(model="openai", max_tokens=50, messages=says("This is forbidden."))
        assert refused.value.status_code == 400  # type: ignore[attr-defined]
