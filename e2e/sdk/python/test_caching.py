"""Answers that are given again, as OpenAI's and Anthropic's SDKs see them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tollgate import CONFIG, Tollgate, Upstream, eventually

CACHE = """
litellm_settings:
  cache: true
  cache_params: {type: local, isolation: key}
"""
HIT = "x-litellm-cache-hit"


@pytest.fixture(scope="module")
def tollgate(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    config = tmp_path_factory.mktemp("caching") / "config.yaml"
    config.write_text(CONFIG.read_text() + CACHE)
    tollgate = Tollgate(upstream, config)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


def says(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_an_answer_comes_again_and_costs_nothing(client: OpenAI, tollgate: Tollgate) -> None:
    asked = client.chat.completions.with_raw_response
    first = asked.create(model="fake", messages=says("Why?"))
    again = asked.create(model="fake", messages=says("Why?"), user="somebody else")
    assert (first.headers[HIT], again.headers[HIT]) == ("False", "True")
    assert again.parse() == first.parse()
    assert again.headers["x-litellm-cache-key"] == first.headers["x-litellm-cache-key"]
    assert again.headers["x-litellm-response-cost"] == "0"
    logs = eventually(lambda: logs if len(logs := tollgate.logs_of(client.api_key)) == 2 else [], "both calls in the log")
    assert sorted(log["cache_hit"] for log in logs) == ["False", "True"]
    assert [log["spend"] for log in logs if log["cache_hit"] == "True"] == [0]


def test_a_call_says_what_it_wants_of_the_cache(client: OpenAI) -> None:
    def hit(**cache: Any) -> str:
        asked = client.chat.completions.with_raw_response
        body = {"cache": {name.replace("_", "-"): value for name, value in cache.items()}} if cache else None
        return str(asked.create(model="fake", messages=says("How?"), extra_body=body).headers[HIT])

    assert [hit(no_store=True), hit(), hit(), hit(no_cache=True), hit(namespace="x")] == ["False", "False", "True", "False", "False"]
    with pytest.raises(openai.BadRequestError, match="there is no 'forever'"):
        hit(forever=True)


def test_a_stream_comes_again_in_its_pieces(client: OpenAI) -> None:
    def pieces() -> list[Any]:
        return [chunk.model_dump() for chunk in client.chat.completions.create(model="fake", messages=says("Go"), stream=True)]

    first = pieces()
    assert len(first) > 1 and pieces() == first


def test_anthropics_client_gets_its_own(client: OpenAI, tollgate: Tollgate) -> None:
    anthropic = Anthropic(base_url=tollgate.url, api_key=client.api_key, max_retries=0)

    def ask() -> Any:
        return anthropic.messages.with_raw_response.create(model="fake", max_tokens=50, messages=says("Why?"))

    first, again = ask(), ask()
    assert (first.headers[HIT], again.headers[HIT]) == ("False", "True")
    assert again.parse() == first.parse()
