"""The list of models, as the SDK reads it."""

from collections.abc import Callable

import openai
import pytest
from openai import OpenAI


def test_lists_what_is_configured(client: OpenAI) -> None:
    models = client.models.list().data
    assert [model.id for model in models] == ["fake", "other", "gpt-4o-mini"]
    assert {model.object for model in models} == {"model"}


def test_lists_only_what_the_key_may_use(make_client: Callable[..., OpenAI]) -> None:
    client = make_client(models=["other"])
    assert [model.id for model in client.models.list()] == ["other"]


def test_retrieves_one(client: OpenAI) -> None:
    assert client.models.retrieve("fake").id == "fake"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")
