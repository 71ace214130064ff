"""Gemini, by Google AI Studio and by Vertex AI, through OpenAI's Python SDK."""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fake_google as google
import openai
import pytest
from openai import OpenAI

from tollgate import Tollgate, eventually

CONFIG = """
model_list:
  - model_name: studio
    litellm_params: {{model: gemini/gemini-2.5-flash, api_base: {origin}/v1beta, api_key: {key}}}
  - model_name: studio-3
    litellm_params: {{model: gemini/gemini-3-pro-preview, api_base: {origin}/v1beta, api_key: {key}}}
  - model_name: studio-wrong-key
    litellm_params: {{model: gemini/gemini-2.5-flash, api_base: {origin}/v1beta, api_key: wrong}}
  - model_name: vertex
    litellm_params:
      model: vertex_ai/gemini-2.5-flash
      api_base: {origin}
      vertex_location: europe-west4
      vertex_credentials: {file}
  - model_name: vertex-3
    litellm_params:
      model: vertex_ai/gemini-3-pro-preview
      api_base: {origin}
      vertex_location: europe-west4
      vertex_credentials: os.environ/INLINE_CREDENTIALS
  - model_name: vertex-user
    litellm_params:
      model: vertex_ai/gemini-2.5-flash
      api_base: {origin}
      vertex_location: europe-west4
      vertex_credentials: {user}
  - model_name: vertex-machine
    litellm_params:
      model: vertex_ai/gemini-2.5-flash
      api_base: {origin}
      vertex_project: project-of-the-tests
      vertex_location: europe-west4
  - model_name: vertex-claude
    litellm_params:
      model: vertex_ai/claude-sonnet-4-5@20250929
      api_base: {origin}
      vertex_location: europe-west4
      vertex_credentials: {file}
  - model_name: vertex-stranger
    litellm_params:
      model: vertex_ai/gemini-2.5-flash
      api_base: {origin}
      vertex_location: europe-west4
      vertex_credentials: {stranger}
  - model_name: vertex-federated
    litellm_params: &federated
      model: vertex_ai/gemini-2.5-flash
      api_base: {origin}
      vertex_project: project-of-the-tests
      vertex_location: europe-west4
      vertex_credentials: {federated}
  - model_name: vertex-impersonating
    litellm_params: {{ <<: *federated, vertex_credentials: {impersonating} }}
router_settings:
  num_retries: 0
"""
BOTH = ["studio", "vertex"]
ALL = [*BOTH, "studio-3", "vertex-3"]
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]
TEXT = "The quick brown fox heard: Hello!"
PNG = base64.b64encode(b"\x89PNG and so on").decode()
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    for name in ("weather", "time")
]


@pytest.fixture(scope="module")
def provider() -> Iterator[google.Google]:
    provider = google.Google()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def gateway(provider: google.Google, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tollgate]:
    folder = tmp_path_factory.mktemp("google")
    stranger = google.Google()
    files = {
        "file": provider.service_account(),
        "user": provider.authorized_user(),
        # The account is the same, the key is not.
        "federated": provider.external_account(str(folder / "subject"), impersonates=False),
        "impersonating": provider.external_account("", impersonates=True),
        "stranger": {**stranger.service_account(), "token_uri": provider.token_uri},
    }
    stranger.stop()
    (folder / "subject").write_text(google.subject_token() + "\n")
    paths = {name: write(folder / f"{name}.json", credentials) for name, credentials in files.items()}
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(origin=provider.origin, key=google.API_KEY, **paths))
    env = {"INLINE_CREDENTIALS": json.dumps(provider.service_account()), "GCE_METADATA_HOST": provider.host}
    tollgate = Tollgate(provider, config, env)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


def write(path: Path, credentials: dict[str, str]) -> Path:
    path.write_text(json.dumps(credentials))
    return path


@pytest.fixture
def client(gateway: Tollgate) -> OpenAI:
    key = gateway.manage("POST", "/key/generate", {})["key"]
    return OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, timeout=30)


@pytest.mark.parametrize("model", ALL)
def test_answers(client: OpenAI, provider: google.Google, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=50, stop=["END"])
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage and (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (10, 6)
    assert answer.usage.prompt_tokens_details and answer.usage.prompt_tokens_details.cached_tokens == 4
    body = provider.calls[-1]["body"]
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["generationConfig"] == {"maxOutputTokens": 50, "stopSequences": ["END"]}


@pytest.mark.parametrize("model", ALL)
def test_streams(client: OpenAI, gateway: Tollgate, model: str) -> None:
    stream = client.chat.completions.create(
        model=model, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    assert len(chunks) >= 6, "a word at a time"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert last.usage and (last.usage.prompt_tokens, last.usage.completion_tokens) == (10, 6)
    rows = eventually(lambda: gateway.logs_of(client.api_key), "the stream in the log")
    assert (rows[0]["prompt_tokens"], rows[0]["completion_tokens"], rows[0]["status"]) == (10, 6, "success")


def test_costs_what_the_catalog_says(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="studio", messages=MESSAGES)
    # gemini-2.5-flash: 6 input tokens at 0.30, 4 cached at 0.03, 6 output tokens at 2.50 dollars a million.
    cost = (6 * 0.30 + 4 * 0.03 + 6 * 2.50) / 1_000_000
    assert float(raw.headers["x-litellm-response-cost"]) == pytest.approx(cost, abs=1e-9)


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_loop_of_tools(client: OpenAI, model: str, is_stream: bool) -> None:
    messages: list[Any] = list(MESSAGES)
    # What a client keeps that knows nothing of signatures: ids, names and arguments.
    calls = ask_for_calls(client, model, messages, is_stream)
    assert [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls] == [
        ("weather", {"city": "Oslo"}),
        ("time", {"city": "Oslo"}),
    ]
    messages.append({"role": "assistant", "tool_calls": calls})
    # In another order than they were asked for.
    messages.append({"role": "tool", "tool_call_id": calls[1]["id"], "content": "noon"})
    messages.append({"role": "tool", "tool_call_id": calls[0]["id"], "content": '{"sun": true}'})
    answer = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    assert answer.choices[0].message.content == 'Done. weather: {"sun": true}; time: {"output": "noon"}'


def ask_for_calls(client: OpenAI, model: str, messages: list[Any], is_stream: bool) -> list[dict[str, Any]]:
    if not is_stream:
        answer = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
        assert answer.choices[0].finish_reason == "tool_calls"
        found = [(call.id, call.function) for call in answer.choices[0].message.tool_calls or []]
    else:
        chunks = list(client.chat.completions.create(model=model, messages=messages, tools=TOOLS, stream=True))
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
        deltas = [delta for chunk in chunks for delta in chunk.choices[0].delta.tool_calls or []]
        assert [delta.index for delta in deltas] == [0, 1]
        found = [(delta.id, delta.function) for delta in deltas]
    return [
        {"id": id, "type": "function", "function": {"name": function.name, "arguments": function.arguments}}
        for id, function in found
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "time"}}, {"mode": "ANY", "allowedFunctionNames": ["time"]}),
    ],
)
def test_tool_choices(client: OpenAI, provider: google.Google, choice: Any, expected: Any) -> None:
    client.chat.completions.create(model="studio", messages=MESSAGES, tools=TOOLS, tool_choice=choice)
    assert provider.calls[-1]["body"]["toolConfig"]["functionCallingConfig"] == expected


@pytest.mark.parametrize("model", BOTH)
def test_sees_images(client: OpenAI, model: str) -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content == "I see image/png of 14 bytes."


@pytest.mark.parametrize("model", BOTH)
def test_answers_by_a_schema(client: OpenAI, model: str) -> None:
    schema = {"type": "object", "properties": {"capital": {"type": "string"}}, "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
    answer = client.chat.completions.create(model=model, messages=MESSAGES, response_format=form)
    assert json.loads(answer.choices[0].message.content or "") == {"capital": "Oslo"}


@pytest.mark.parametrize("model", BOTH)
def test_thinks(client: OpenAI, provider: google.Google, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=MESSAGES, reasoning_effort="low")
    message: Any = answer.choices[0].message
    assert (message.reasoning_content, message.content) == ("Let me think.", TEXT)
    assert answer.usage and answer.usage.completion_tokens_details
    assert (answer.usage.completion_tokens, answer.usage.completion_tokens_details.reasoning_tokens) == (9, 3)
    config = provider.calls[-1]["body"]["generationConfig"]
    assert config["thinkingConfig"] == {"includeThoughts": True, "thinkingBudget": 1024}


def test_searches(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="studio", messages=MESSAGES, web_search_options={})
    assert answer.choices[0].message.annotations
    citation = answer.choices[0].message.annotations[0].url_citation
    assert (citation.url, citation.title, citation.start_index, citation.end_index) == (
        "https://fox.example/",
        "fox.example",
        0,
        9,
    )


@pytest.mark.parametrize("is_stream", [False, True])
def test_says_that_a_prompt_was_blocked(client: OpenAI, is_stream: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": "BLOCK ME"}]
    answer = client.chat.completions.create(model="studio", messages=messages, stream=is_stream)
    endings = [chunk.choices[0].finish_reason for chunk in answer] if is_stream else [answer.choices[0].finish_reason]
    assert endings[-1] == "content_filter"


def says(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize("is_stream", [False, True])
def test_errors_have_their_class_and_googles_words(client: OpenAI, model: str, is_stream: bool) -> None:
    with pytest.raises(openai.RateLimitError, match="You exceeded your current quota.") as limited:
        client.chat.completions.create(model=model, messages=says("PLEASE REFUSE"), stream=is_stream)
    assert limited.value.response.headers["retry-after"] == "35"
    with pytest.raises(openai.BadRequestError, match="exceeds the maximum number of tokens") as too_long:
        client.chat.completions.create(model=model, messages=says("TOO LONG"), stream=is_stream)
    assert too_long.value.code == "context_length_exceeded"


def test_a_parameter_that_gemini_lacks_is_named(client: OpenAI, provider: google.Google) -> None:
    before = len(provider.calls)
    with pytest.raises(openai.BadRequestError, match="logit_bias") as caught:
        client.chat.completions.create(model="studio", messages=MESSAGES, logit_bias={"1": 1})
    assert caught.value.param == "logit_bias"
    assert len(provider.calls) == before


def test_a_wrong_key_is_googles_to_refuse(client: OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError, match="API key not valid"):
        client.chat.completions.create(model="studio-wrong-key", messages=MESSAGES)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("vertex", "assertion"),
        ("vertex-user", "refresh"),
        ("vertex-machine", "metadata"),
        ("vertex-federated", "exchange"),
        ("vertex-impersonating", "impersonation"),
    ],
)
def test_every_kind_of_credentials_gives_tokens(
    client: OpenAI, provider: google.Google, model: str, kind: str
) -> None:
    def ask(_: int) -> Any:
        return client.chat.completions.create(model=model, messages=MESSAGES).choices[0].message.content

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(24))) == [TEXT] * 24
    token = provider.calls[-1]["headers"]["authorization"].removeprefix("Bearer ")
    assert token.startswith(f"ya29.{kind}-")
    # One for the file, and one for the credentials given inline.
    assert provider.token_requests.count(kind) <= (2 if kind == "assertion" else 1)
    quota_project = provider.calls[-1]["headers"].get("x-goog-user-project")
    assert quota_project == (google.PROJECT if kind == "refresh" else None)


def test_a_key_that_google_does_not_know_gives_no_token(client: OpenAI, gateway: Tollgate) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="vertex-stranger", messages=MESSAGES)
    assert caught.value.status_code >= 500
    assert "PRIVATE KEY" not in gateway.output() + str(caught.value)


@pytest.mark.parametrize("is_stream", [False, True])
def test_claude_on_vertex(client: OpenAI, provider: google.Google, is_stream: bool) -> None:
    messages: list[Any] = says("Hello!")
    calls = ask_claude_for_calls(client, messages, is_stream)
    assert [json.loads(call["function"]["arguments"])["city"] for call in calls] == ["Oslo", "Rome"]
    messages.append({"role": "assistant", "tool_calls": calls})
    messages += [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in calls]
    answer = client.chat.completions.create(model="vertex-claude", messages=messages, tools=TOOLS, stream=is_stream)
    if is_stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    else:
        text = answer.choices[0].message.content
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (10, 5)
    assert text == "It says: sunny; sunny"
    assert provider.calls[-1]["path"].endswith("/publishers/anthropic/models/claude-sonnet-4-5@20250929:" + (
        "streamRawPredict" if is_stream else "rawPredict"
    ))


def ask_claude_for_calls(client: OpenAI, messages: list[Any], is_stream: bool) -> list[dict[str, Any]]:
    if not is_stream:
        answer = client.chat.completions.create(model="vertex-claude", messages=messages, tools=TOOLS)
        assert answer.choices[0].finish_reason == "tool_calls"
        return [call.model_dump() for call in answer.choices[0].message.tool_calls or []]
    with client.chat.completions.stream(model="vertex-claude", messages=messages, tools=TOOLS) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls or []
    return [call.model_dump(exclude={"function": {"parsed_arguments"}}) for call in calls]
