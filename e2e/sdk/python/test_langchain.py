"""Every provider through LangChain, by each of its two protocols."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from test_features import MODELS, PNG, QUESTION, TEXT, WORKS, Report

from tollgate import Tollgate

ASKED = [SystemMessage("Be brief."), HumanMessage("Say something.")]


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"21 degrees in {city}"


def chat(model: BaseChatModel) -> None:
    answer = model.invoke(ASKED)
    assert answer.text.startswith(TEXT)
    assert answer.usage_metadata and answer.usage_metadata["output_tokens"] > 0


def stream(model: BaseChatModel) -> None:
    chunks = list(model.stream(ASKED))
    pieces = [chunk.text for chunk in chunks if chunk.text]
    assert len(pieces) > 1 and "".join(pieces).startswith(TEXT)
    assert sum(chunk.usage_metadata["output_tokens"] for chunk in chunks if chunk.usage_metadata) > 0


def tools(model: BaseChatModel, is_stream: bool = False) -> None:
    bound = model.bind_tools([weather])

    def ask(history: list[Any]) -> Any:
        if not is_stream:
            return bound.invoke(history)
        first, *rest = bound.stream(history)
        return sum(rest, first)

    history: list[Any] = [HumanMessage(QUESTION)]
    history.append(ask(history))
    calls = history[-1].tool_calls
    assert "Oslo" in json.dumps(calls)
    history += [weather.invoke(call) for call in calls]
    assert "21 degrees" in ask(history).text


def streamed_tools(model: BaseChatModel) -> None:
    tools(model, is_stream=True)


def vision(model: BaseChatModel) -> None:
    image = {"type": "image", "base64": PNG, "mime_type": "image/png"}
    answer = model.invoke([HumanMessage(content_blocks=[{"type": "text", "text": "What is this?"}, image])])  # type: ignore[list-item]
    assert "image/png" in answer.text.replace(" png", "/png")


def json_schema(model: BaseChatModel) -> None:
    answer = model.with_structured_output(Report, method="json_schema").invoke(ASKED)
    assert isinstance(answer, Report)


FEATURES: dict[str, Callable[[BaseChatModel], None]] = {
    "chat": chat,
    "stream": stream,
    "tools": tools,
    "streamed tools": streamed_tools,
    "vision": vision,
    "JSON schema": json_schema,
}
CLIENTS: dict[str, Callable[[str, str, str], BaseChatModel]] = {
    "LangChain Python ChatOpenAI": lambda url, key, model: ChatOpenAI(
        model=model, base_url=f"{url}/v1", api_key=key, max_retries=0, stream_usage=True  # type: ignore[arg-type]
    ),
    "LangChain Python ChatAnthropic": lambda url, key, model: ChatAnthropic(
        model=model, base_url=url, api_key=key, max_retries=0, max_tokens=1000  # type: ignore[call-arg, arg-type]
    ),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("feature", FEATURES)
@pytest.mark.parametrize("client", CLIENTS)
def test_langchain(matrix: Tollgate, key: str, results: list[dict[str, str]], client: str, feature: str, model: str) -> None:
    FEATURES[feature](CLIENTS[client](matrix.url, key, model))
    results.append({"client": client, "model": model, "feature": feature, "outcome": WORKS})
