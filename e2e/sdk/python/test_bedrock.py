"""AWS Bedrock through OpenAI's Python SDK."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_bedrock as aws
import openai
import pytest
from openai import OpenAI

from tollgate import Tollgate, Upstream, eventually

KEYS = f"aws_access_key_id: {aws.ACCESS_KEY}, aws_secret_access_key: {aws.SECRET_KEY}"
CONFIG = """
model_list:
  - model_name: claude
    litellm_params:
      {{model: bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0, aws_region_name: us-east-1, {at}, {keys}}}
  - model_name: nova
    litellm_params: {{model: bedrock/converse/amazon.nova-lite-v1:0, aws_region_name: eu-west-1, {at}, {keys}}}
  - model_name: oss
    litellm_params: {{model: bedrock/us-west-2/openai.gpt-oss-120b-1:0, {at}, {keys}}}
  - model_name: arn
    litellm_params:
      model: bedrock/arn:aws:bedrock:ap-southeast-2:123456789012:application-inference-profile/abc123
      aws_bedrock_runtime_endpoint: {origin}
      aws_access_key_id: {id}
      aws_secret_access_key: {secret}
    model_info: {{base_model: bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0}}
  - model_name: provisioned
    litellm_params:
      model: bedrock/amazon.nova-lite-v1:0
      model_id: arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/abc123abc123
      aws_bedrock_runtime_endpoint: {origin}
      aws_access_key_id: {id}
      aws_secret_access_key: {secret}
  - model_name: api-key
    litellm_params: {{model: bedrock/amazon.nova-lite-v1:0, aws_region_name: us-east-1, api_base: "{origin}", api_key: {api_key}}}
  - model_name: wrong-secret
    litellm_params:
      {{model: bedrock/amazon.nova-lite-v1:0, aws_region_name: us-east-1, {at}, aws_access_key_id: {id}, aws_secret_access_key: wrong}}
  - model_name: role
    litellm_params:
      model: bedrock/amazon.nova-lite-v1:0
      aws_region_name: us-east-1
      aws_bedrock_runtime_endpoint: {origin}
      aws_sts_endpoint: {origin}
      aws_access_key_id: {id}
      aws_secret_access_key: {secret}
      aws_role_name: {role}
      aws_session_name: session-of-the-tests
      aws_external_id: {external}
  - model_name: stranger
    litellm_params:
      model: bedrock/amazon.nova-lite-v1:0
      aws_region_name: us-east-1
      aws_bedrock_runtime_endpoint: {origin}
      aws_sts_endpoint: {origin}
      aws_access_key_id: {id}
      aws_secret_access_key: {secret}
      aws_role_name: arn:aws:iam::123456789012:role/somebody-elses
  - model_name: web-identity
    litellm_params:
      model: bedrock/amazon.nova-lite-v1:0
      aws_region_name: us-east-1
      aws_bedrock_runtime_endpoint: {origin}
      aws_sts_endpoint: {origin}
      aws_web_identity_token: {token_file}
      aws_role_name: {role}
      aws_session_name: session-of-the-tests
  - model_name: profile
    litellm_params:
      {{model: bedrock/amazon.nova-lite-v1:0, aws_region_name: us-east-1, {at}, aws_profile_name: of-the-tests}}
  - model_name: chain
    litellm_params: {{model: bedrock/amazon.nova-lite-v1:0, aws_region_name: us-east-1, {at}}}
router_settings:
  num_retries: 0
"""
PROFILES = f"""
[base]
aws_access_key_id = {aws.ACCESS_KEY}
aws_secret_access_key = {aws.SECRET_KEY}
[of-the-tests]
role_arn = {aws.ROLE}
source_profile = base
"""
MODELS = ["claude", "nova", "oss"]
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Blåbær!"}]
TEXT = "The quick brown fox heard: Blåbær!"
PNG = base64.b64encode(b"\x89PNG and so on").decode()
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def provider() -> Iterator[aws.Aws]:
    provider = aws.Aws()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def config(provider: aws.Aws, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bedrock")
    token_file = folder / "token"
    token_file.write_text(aws.WEB_TOKEN + "\n")
    # AWS's own reading of such a file takes it as it is.
    (folder / "bare-token").write_text(aws.WEB_TOKEN)
    (folder / "profiles").write_text(PROFILES)
    config = folder / "config.yaml"
    at = f'aws_bedrock_runtime_endpoint: "{provider.origin}"'
    config.write_text(
        CONFIG.format(
            at=at, keys=KEYS, origin=provider.origin, id=aws.ACCESS_KEY, secret=aws.SECRET_KEY, api_key=aws.API_KEY,
            role=aws.ROLE, external=aws.EXTERNAL_ID, token_file=token_file,
        )
    )
    return config


def start(upstream: Upstream, config: Path, provider: aws.Aws, **env: str) -> Tollgate:
    """A gateway that finds only these credentials around it."""
    nowhere = str(config.parent / "nowhere")
    places = {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere, "AWS_EC2_METADATA_DISABLED": "true"}
    sts = {"AWS_ENDPOINT_URL_STS": provider.origin}
    return Tollgate(upstream, config, {**places, **sts, **env})


@pytest.fixture(scope="module")
def gateway(upstream: Upstream, config: Path, provider: aws.Aws) -> Iterator[Tollgate]:
    profiles = {"AWS_CONFIG_FILE": str(config.parent / "nowhere"), "AWS_SHARED_CREDENTIALS_FILE": str(config.parent / "profiles")}
    gateway = start(upstream, config, provider, **profiles)
    try:
        yield gateway.start()
    finally:
        gateway.remove()


def client_of(gateway: Tollgate) -> OpenAI:
    key = gateway.manage("POST", "/key/generate", {})["key"]
    return OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, timeout=30)


@pytest.fixture
def client(gateway: Tollgate) -> OpenAI:
    return client_of(gateway)


def joined(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.parametrize("model", MODELS)
def test_answers(client: OpenAI, provider: aws.Aws, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=100, temperature=0.5, stop="END")
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage and (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (10, 6)
    body = provider.calls[-1]["body"]
    assert body["system"] == [{"text": "Be brief."}]
    assert body["inferenceConfig"] == {"maxTokens": 100, "temperature": 0.5, "stopSequences": ["END"]}


@pytest.mark.parametrize("model", MODELS)
def test_streams(client: OpenAI, gateway: Tollgate, model: str) -> None:
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True, stream_options=options))
    assert joined(chunks) == TEXT
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage and chunks[-1].usage.total_tokens == 16
    rows = eventually(lambda: gateway.logs_of(client.api_key), "the stream in the log")
    assert (rows[0]["prompt_tokens"], rows[0]["completion_tokens"], rows[0]["status"]) == (10, 6, "success")
    assert rows[0]["spend"] > 0


@pytest.mark.parametrize(
    ("model", "region", "called"),
    [
        ("claude", "us-east-1", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("nova", "eu-west-1", "amazon.nova-lite-v1:0"),
        ("oss", "us-west-2", "openai.gpt-oss-120b-1:0"),
        ("arn", "ap-southeast-2", "arn:aws:bedrock:ap-southeast-2:123456789012:application-inference-profile/abc123"),
        ("provisioned", "eu-central-1", "arn:aws:bedrock:eu-central-1:123456789012:provisioned-model/abc123abc123"),
    ],
)
def test_every_form_of_a_models_name(client: OpenAI, provider: aws.Aws, model: str, region: str, called: str) -> None:
    client.chat.completions.create(model=model, messages=MESSAGES)
    call = provider.calls[-1]
    assert (call["region"], call["model"], call["key"]) == (region, called, aws.ACCESS_KEY)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_tools_loop(client: OpenAI, model: str, stream: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": "What is the weather like?"}]
    text, calls = ask(client, model, messages, stream, tools=[TOOL])
    assert text == "I will look."
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Oslo"}, {"city": "Bergen"}]
    messages.append({"role": "assistant", "content": text, "tool_calls": calls})
    results = [f"{json.loads(call['function']['arguments'])['city']}: rain" for call in calls]
    messages += [{"role": "tool", "tool_call_id": c["id"], "content": r} for c, r in zip(calls, results)]
    text, calls = ask(client, model, messages, stream, tools=[TOOL])
    assert (text, calls) == ("The tools say: Oslo: rain; Bergen: rain.", [])
    # The same conversation goes on without tools.
    text, _ = ask(client, model, messages, stream)
    assert "Oslo: rain" in text


def ask(client: OpenAI, model: str, messages: list[Any], stream: bool, **fields: Any) -> tuple[str, list[dict[str, Any]]]:
    """Text and calls of an answer."""
    answer = client.chat.completions.create(model=model, messages=messages, stream=stream, **fields)
    if not stream:
        message = answer.choices[0].message
        return message.content or "", [call.model_dump() for call in message.tool_calls or []]
    calls: list[dict[str, Any]] = []
    chunks = list(answer)
    for piece in (call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or []):
        if piece.id:
            assert piece.index == len(calls)
            calls.append({"id": piece.id, "type": "function", "function": {"name": piece.function.name, "arguments": ""}})
        calls[piece.index]["function"]["arguments"] += piece.function.arguments or ""
    return joined(chunks), calls


def test_thoughts_go_both_ways(client: OpenAI, provider: aws.Aws) -> None:
    messages: list[Any] = [{"role": "user", "content": "What is the weather like?"}]
    asked = {"model": "claude", "tools": [TOOL], "reasoning_effort": "low"}
    message = client.chat.completions.create(messages=messages, **asked).choices[0].message
    assert provider.calls[-1]["body"]["additionalModelRequestFields"]["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert message.reasoning_content == "Let me think."
    thoughts = message.thinking_blocks
    assert [(block["type"], block.get("signature")) for block in thoughts] == [("thinking", aws.SIGNATURE), ("redacted_thinking", None)]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in message.tool_calls]
    answer = client.chat.completions.create(messages=[*messages, message.model_dump(), *results], **asked)
    assert "rain" in answer.choices[0].message.content
    assert "reasoningContent" in provider.calls[-1]["body"]["messages"][1]["content"][0]
    # A client that does not know of thoughts gets its answer, too.
    plain = {"role": "assistant", "content": None, "tool_calls": [call.model_dump() for call in message.tool_calls]}
    answer = client.chat.completions.create(messages=[*messages, plain, *results], **asked)
    assert "rain" in answer.choices[0].message.content


def test_streams_thoughts(client: OpenAI) -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    asked = {"stream": True, "stream_options": {"include_usage": True}, "extra_body": thinking}
    chunks = list(client.chat.completions.create(model="claude", messages=MESSAGES, **asked))
    assert chunks[-1].usage.completion_tokens_details.reasoning_tokens == 2
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Let me think."
    blocks = [block for delta in deltas for block in getattr(delta, "thinking_blocks", None) or []]
    assert [block["signature"] for block in blocks if "signature" in block] == [aws.SIGNATURE]
    assert [block["data"] for block in blocks if "data" in block] == [aws.REDACTED]
    assert joined(chunks) == TEXT


def test_sees_images_and_documents(client: OpenAI) -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "file", "file": {"filename": "a_report.pdf", "file_data": f"data:application/pdf;base64,{PNG}"}},
    ]
    answer = client.chat.completions.create(model="nova", messages=[{"role": "user", "content": parts}])
    assert answer.choices[0].message.content == "I see image png 14, document pdf 14."


@pytest.mark.parametrize("model", ["claude", "nova"])
@pytest.mark.parametrize("stream", [False, True])
def test_json_of_a_schema(client: OpenAI, model: str, stream: bool) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA, "strict": True}}
    text, calls = ask(client, model, MESSAGES, stream, response_format=form)
    assert (json.loads(text), calls) == ({"name": "Ada", "age": 36}, [])


def test_cached_tokens_cost_what_cached_tokens_cost(client: OpenAI) -> None:
    part = {"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "user", "content": [part]}]
    raw = client.chat.completions.with_raw_response.create(model="claude", messages=messages)
    usage = raw.parse().usage
    assert usage and usage.prompt_tokens_details
    words = len("The quick brown fox heard: A long text.".split())
    counts = (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens, usage.completion_tokens)
    assert counts == (10 + aws.CACHED_TOKENS, aws.CACHED_TOKENS, words)
    # Claude Sonnet 4.5 in the US: 3.30, 0.33 and 16.50 dollars per million.
    cost = (10 * 3.3 + aws.CACHED_TOKENS * 0.33 + words * 16.5) / 1e6
    assert float(raw.headers["x-litellm-response-cost"]) == pytest.approx(cost, rel=1e-9)


def test_a_guardrail_that_steps_in(client: OpenAI, provider: aws.Aws) -> None:
    guardrail = {"guardrailConfig": {"guardrailIdentifier": "gr1", "guardrailVersion": "1"}}
    blocked = [{"role": "user", "content": "Something blocked."}]
    answer = client.chat.completions.create(model="nova", messages=blocked, extra_body=guardrail)
    assert answer.choices[0].finish_reason == "content_filter"
    assert provider.calls[-1]["body"]["guardrailConfig"]["guardrailIdentifier"] == "gr1"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("ValidationException", openai.BadRequestError),
        ("AccessDeniedException", openai.PermissionDeniedError),
        ("ResourceNotFoundException", openai.NotFoundError),
        ("ThrottlingException", openai.RateLimitError),
        ("InternalServerException", openai.InternalServerError),
        ("ServiceUnavailableException", openai.InternalServerError),
    ],
)
def test_errors_say_what_bedrock_says(client: OpenAI, kind: str, expected: type[openai.APIStatusError]) -> None:
    with pytest.raises(expected) as caught:
        client.chat.completions.create(model="nova", messages=[{"role": "user", "content": f"fail {kind}"}])
    assert f"Scripted {kind}." in str(caught.value)
    assert caught.value.status_code == aws.STATUSES[kind]


@pytest.mark.parametrize(("text", "said"), [("break off", "The model broke off."), ("vanish", "broke off")])
def test_a_stream_that_fails_says_so(client: OpenAI, text: str, said: str) -> None:
    stream = client.chat.completions.create(model="nova", messages=[{"role": "user", "content": text}], stream=True)
    with pytest.raises(openai.APIError, match=said):
        list(stream)


def test_what_bedrock_does_not_take_is_refused(client: OpenAI, provider: aws.Aws) -> None:
    before = len(provider.calls)
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="nova", messages=MESSAGES, seed=1)
    assert caught.value.param == "seed"
    assert len(provider.calls) == before


def test_a_client_that_leaves_pays_for_the_whole_answer(client: OpenAI, gateway: Tollgate, provider: aws.Aws) -> None:
    messages = [{"role": "user", "content": "Speak forever."}]
    stream = client.chat.completions.create(model="nova", messages=messages, stream=True)
    next(stream)
    stream.close()
    eventually(lambda: provider.calls[-1]["state"] == "done", "the answer's end")
    rows = eventually(lambda: gateway.logs_of(client.api_key), "the call in the log")
    assert (rows[0]["status"], rows[0]["completion_tokens"]) == ("cancelled", 400)


def test_a_wrong_secret_is_told(client: OpenAI) -> None:
    with pytest.raises(openai.PermissionDeniedError, match="does not match"):
        client.chat.completions.create(model="wrong-secret", messages=MESSAGES)


def key_used(client: OpenAI, provider: aws.Aws, model: str) -> str:
    client.chat.completions.create(model=model, messages=MESSAGES)
    return provider.calls[-1]["key"]


def test_an_api_key(client: OpenAI, provider: aws.Aws) -> None:
    assert key_used(client, provider, "api-key") == "api-key"


@pytest.mark.parametrize(("model", "source"), [("role", "role"), ("web-identity", "web"), ("profile", "role")])
def test_a_role_is_taken_on_once(client: OpenAI, provider: aws.Aws, model: str, source: str) -> None:
    before = len(provider.asked)
    keys = {key_used(client, provider, model) for _ in range(3)}
    assert len(keys) == 1 and keys.pop().startswith(f"ASIA{source.upper()}")
    assert provider.asked[before:] == [source]


def test_a_role_that_cannot_be_taken_on(client: OpenAI, gateway: Tollgate) -> None:
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="stranger", messages=MESSAGES)
    rows = eventually(lambda: gateway.logs_of(client.api_key), "the failure in the log")
    assert "not authorized to perform: sts:AssumeRole" in json.dumps(rows[0])


def test_no_credentials_at_all(upstream: Upstream, config: Path, provider: aws.Aws) -> None:
    gateway = start(upstream, config, provider)
    try:
        with pytest.raises(openai.InternalServerError):
            client_of(gateway.start()).chat.completions.create(model="chain", messages=MESSAGES)
        assert "AWS credentials" in gateway.output()
    finally:
        gateway.remove()


@pytest.mark.parametrize(
    ("source", "expected"),
    [("environment", aws.ACCESS_KEY), ("bearer", "api-key"), ("web", "ASIAWEB"), ("container", "ASIACONTAINER"), ("machine", "ASIAMACHINE")],
)
def test_credentials_are_found_where_aws_keeps_them(
    upstream: Upstream, config: Path, provider: aws.Aws, source: str, expected: str
) -> None:
    env = {
        "environment": {"AWS_ACCESS_KEY_ID": aws.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": aws.SECRET_KEY},
        "bearer": {"AWS_BEARER_TOKEN_BEDROCK": aws.API_KEY},
        "web": {"AWS_WEB_IDENTITY_TOKEN_FILE": str(config.parent / "bare-token"), "AWS_ROLE_ARN": aws.ROLE},
        "container": {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{provider.origin}/container",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": aws.CONTAINER_TOKEN,
        },
        "machine": {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": provider.origin},
    }[source]
    gateway = start(upstream, config, provider, **env)
    try:
        assert key_used(client_of(gateway.start()), provider, "chain").startswith(expected)
    finally:
        gateway.remove()


def test_credentials_are_renewed_before_they_end(upstream: Upstream, config: Path, provider: aws.Aws) -> None:
    gateway = start(upstream, config, provider)
    provider.lifetime_s = 200
    try:
        client = client_of(gateway.start())
        first = key_used(client, provider, "role")
        # They end within the five minutes before which new ones are asked for.
        assert key_used(client, provider, "role") != first
    finally:
        provider.lifetime_s = 3600
        gateway.remove()
