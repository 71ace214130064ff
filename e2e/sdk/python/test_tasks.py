"""Everything but conversations, through OpenAI's Python SDK. The fake checks what it is sent."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import openai_tasks as fake
import pytest
from openai import OpenAI
from openai_tasks import OpenAITasks

from tollgate import E2E, Tollgate, Upstream, eventually

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenAITasks]:
    provider = OpenAITasks()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def tollgate(provider: OpenAITasks, upstream: Upstream) -> Iterator[Tollgate]:
    tollgate = Tollgate(upstream, E2E / "harness" / "tasks.yaml", {"TASKS_URL": f"{provider.origin}/v1"})
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


def sound() -> io.BytesIO:
    """A file with a name, as the SDK wants it."""
    file = io.BytesIO(WAV)
    file.name = "a.wav"
    return file


def assert_spent(tollgate: Tollgate, client: OpenAI, call_type: str, dollars: float) -> None:
    """What the key's calls cost, all of them of this type, once all of them are in the log."""

    def logs() -> list[dict[str, Any]] | None:
        logs = tollgate.logs_of(client.api_key)
        return logs if sum(log["spend"] for log in logs) == pytest.approx(dollars) else None

    found = eventually(logs, f"calls for {dollars} dollars in the log")
    assert {log["call_type"] for log in found} == {call_type}


def test_embeddings(tollgate: Tollgate, client: OpenAI) -> None:
    # The SDK asks for base64 and unpacks it.
    answer = client.embeddings.create(model="embedder", input=["a", "b"], dimensions=2)
    assert [one.embedding for one in answer.data] == [fake.VECTOR[:2]] * 2
    floats = client.embeddings.create(model="embedder", input=[[1, 2, 3]], encoding_format="float")
    assert floats.data[0].embedding == fake.VECTOR
    # 8 tokens at 0.02 dollars a million, twice.
    assert_spent(tollgate, client, "aembedding", 2 * 8 * 0.02e-6)


def test_images(tollgate: Tollgate, client: OpenAI) -> None:
    answer = client.images.generate(model="painter", prompt="a cat", n=2, size="1024x1024", extra_body={"tags": ["art"]})
    assert [one.b64_json for one in answer.data or []] == [fake.PICTURE] * 2
    with client.images.generate(model="painter", prompt="a cat", stream=True, partial_images=1) as stream:
        kinds = [event.type for event in stream]
    assert kinds == ["image_generation.partial_image", "image_generation.completed"]
    assert_spent(tollgate, client, "aimage_generation", 2 * (10 * 2e-6 + 100 * 1e-5))


def test_image_edits(tollgate: Tollgate, client: OpenAI) -> None:
    picture = io.BytesIO(b"a picture")
    picture.name = "a.png"
    answer = client.images.edit(model="painter", image=[picture, picture], prompt="a dog")
    assert (answer.data or [])[0].b64_json == fake.PICTURE
    # Pictures that are read cost as text where they have no price of their own.
    assert_spent(tollgate, client, "aimage_edit", 50 * 2e-6 + 100 * 1e-5)


def test_speech(tollgate: Tollgate, client: OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(model="speaker", voice="alloy", input="Grüße!") as response:
        assert response.headers["content-type"] == "audio/mpeg"
        assert b"".join(response.iter_bytes()) == fake.SOUND
    # tts-1: 15 dollars a million characters.
    assert_spent(tollgate, client, "aspeech", 6 * 15e-6)


def test_transcriptions(tollgate: Tollgate, client: OpenAI) -> None:
    answer = client.audio.transcriptions.create(model="listener", file=sound(), language="en")
    assert answer.text == fake.TRANSCRIPT
    stream = client.audio.transcriptions.create(model="listener", file=sound(), stream=True)
    events = list(stream)
    assert (events[0].type, events[-1].type) == ("transcript.text.delta", "transcript.text.done")
    assert_spent(tollgate, client, "atranscription", 2 * (4 * 1e-6 + 10 * 3e-6 + 5 * 5e-6))


def test_transcriptions_by_the_second(tollgate: Tollgate, client: OpenAI) -> None:
    answer: Any = client.audio.transcriptions.create(model="whisper", file=sound(), response_format="verbose_json")
    assert (answer.text, answer.duration) == (fake.TRANSCRIPT, 2.5)
    translated = client.audio.translations.create(model="whisper", file=sound())
    assert translated.text == fake.TRANSCRIPT
    assert_spent(tollgate, client, "atranscription", 5.5 * 0.0001)


def test_moderations(client: OpenAI) -> None:
    answer = client.moderations.create(model="judge", input=["I will kill you", "hello"])
    assert [one.flagged for one in answer.results] == [True, False]


def test_completions(tollgate: Tollgate, client: OpenAI) -> None:
    answer = client.completions.create(model="writer", prompt=["Once upon a time", "Then"], max_tokens=5)
    assert [choice.text for choice in answer.choices] == [fake.CONTINUATION] * 2
    chunks = list(client.completions.create(model="writer", prompt="Once", stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == fake.CONTINUATION
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 5
    assert_spent(tollgate, client, "atext_completion", 2 * 0.00002)


def test_rerank(tollgate: Tollgate, client: OpenAI) -> None:
    body = {"model": "ranker", "query": "fox", "documents": ["a dog", "a fox"], "top_n": 1}
    for path in ("/rerank", "/v1/rerank", "/v2/rerank"):
        answer = httpx.post(f"{tollgate.url}{path}", json=body, headers={"authorization": f"Bearer {client.api_key}"})
        assert answer.json()["results"] == [{"index": 1, "relevance_score": 0.8}]
    assert_spent(tollgate, client, "arerank", 3 * 0.002)


def test_errors_keep_their_class(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(model="speaker", input="x", voice="alloy", extra_body={"colour": "red"})
    assert refused.value.param == "colour"
    with pytest.raises(openai.BadRequestError) as wrong:
        client.embeddings.create(model="speaker", input="x")
    assert wrong.value.param == "model" and "does not do embeddings" in wrong.value.message


def test_a_key_may_only_use_its_models(make_client: Callable[..., OpenAI]) -> None:
    client = make_client(models=["embedder"], max_budget=1e-9)
    with pytest.raises(openai.PermissionDeniedError):
        client.moderations.create(model="judge", input="x")
    with pytest.raises(openai.BadRequestError, match="udget"):
        client.embeddings.create(model="embedder", input="a text that costs more than a billionth of a dollar")
