"""Chat completions through OpenAI's Python SDK."""

import json
import time

from openai import AzureOpenAI, OpenAI

from tollgate import Tollgate, Upstream, eventually

MESSAGES = [{"role": "user", "content": "Say something."}]
TEXT = "The quick brown fox jumps."
# 10 input tokens at 1e-6 and 5 output tokens at 2e-6, as config.yaml and the fake provider have it.
COST = 0.00002


def test_answers(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="fake", messages=MESSAGES)
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage and answer.usage.total_tokens == 15
    assert answer.id.startswith("chatcmpl-fake-")


def test_says_what_the_call_cost_and_logs_it_under_its_id(client: OpenAI, tollgate: Tollgate) -> None:
    raw = client.chat.completions.with_raw_response.create(model="fake", messages=MESSAGES)
    assert float(raw.headers["x-litellm-response-cost"]) == COST
    assert raw.headers["x-litellm-model-id"]
    assert float(raw.headers["x-litellm-key-spend"]) == COST
    call_id = raw.headers["x-litellm-call-id"]
    rows = eventually(lambda: tollgate.logs_of(client.api_key), "the call in the log")
    assert [row["request_id"] for row in rows] == [call_id]
    assert rows[0]["spend"] == COST
    assert rows[0]["status"] == "success"
    assert rows[0]["response_id"] == raw.parse().id
    info = tollgate.manage("GET", f"/key/info?key={client.api_key}")["info"]
    assert info["spend"] == COST


def test_streams(client: OpenAI, tollgate: Tollgate) -> None:
    stream = client.chat.completions.create(model="fake", messages=MESSAGES, stream=True)
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"
    # The gateway asks the provider for usage, and keeps the chunk that the client did not ask for.
    assert all(chunk.usage is None for chunk in chunks)
    rows = eventually(lambda: tollgate.logs_of(client.api_key), "the stream in the log")
    assert (rows[0]["spend"], rows[0]["prompt_tokens"], rows[0]["completion_tokens"]) == (COST, 10, 5)
    assert rows[0]["stream"] is True


def test_pieces_of_a_stream_are_not_held_back(client: OpenAI) -> None:
    def seconds() -> float:
        started = time.monotonic()
        list(client.chat.completions.create(model="fake", messages=MESSAGES, stream=True))
        return time.monotonic() - started

    # A system that waits for acknowledgements adds 40 ms to every stream of a connection but the first; a busy machine
    # adds something to some.
    assert min(seconds() for _ in range(10)) < 0.03


def test_streams_usage_where_it_is_asked_for(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="fake", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert last.choices == []
    assert last.usage and last.usage.total_tokens == 15
    assert all(chunk.usage is None for chunk in chunks)


def test_unknown_fields_pass_both_ways_in_their_order(client: OpenAI, upstream: Upstream) -> None:
    extra = {"zebra": [1, {"b": 1, "a": 2}], "aardvark": None, "fake": {"merge": {"novelty": {"y": 1, "x": 2}}}}
    raw = client.chat.completions.with_raw_response.create(
        model="fake", messages=MESSAGES, temperature=0.25, extra_body=extra
    )
    assert list(json.loads(raw.text)["novelty"].items()) == [("y", 1), ("x", 2)]
    assert raw.parse().model_extra["novelty"] == {"y": 1, "x": 2}
    arrived = upstream.calls()[-1]
    sent = json.loads(raw.http_request.content)
    expected = {**sent, "model": "fake-model"}
    assert json.loads(arrived["body"]) == expected
    assert list(json.loads(arrived["body"])) == list(expected)
    # Nested order too, which a comparison of dictionaries does not see.
    assert '{"b":1,"a":2}' in arrived["body"].replace(" ", "")


def test_the_provider_sees_its_own_key(client: OpenAI, upstream: Upstream) -> None:
    client.chat.completions.create(model="fake", messages=MESSAGES)
    headers = upstream.calls()[-1]["headers"]
    assert headers["authorization"] == "Bearer sk-of-the-provider"
    assert client.api_key not in json.dumps(headers)


def test_tool_calls(client: OpenAI) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    answer = client.chat.completions.create(
        model="fake", messages=MESSAGES, tools=[tool], tool_choice="required"
    )
    assert answer.choices[0].finish_reason == "tool_calls"
    call = answer.choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Oslo"})


def test_azure_clients_work(client: OpenAI, tollgate: Tollgate) -> None:
    azure = AzureOpenAI(azure_endpoint=tollgate.url, api_key=client.api_key, api_version="2024-10-21", max_retries=0)
    answer = azure.chat.completions.create(model="fake", messages=MESSAGES)
    assert answer.choices[0].message.content == TEXT
    chunks = list(azure.chat.completions.create(model="fake", messages=MESSAGES, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT


def test_paths_of_older_clients(client: OpenAI, tollgate: Tollgate) -> None:
    for path in ["", "/engines/fake"]:
        other = client.with_options(base_url=f"{tollgate.url}{path}")
        answer = other.chat.completions.create(model="fake", messages=MESSAGES)
        assert answer.choices[0].message.content == TEXT, path


def test_long_bodies_pass(client: OpenAI, upstream: Upstream) -> None:
    text = "å" * 1_000_000
    answer = client.chat.completions.create(model="fake", messages=[{"role": "user", "content": text}])
    assert answer.choices[0].message.content == TEXT
    assert json.loads(upstream.calls()[-1]["body"])["messages"][0]["content"] == text


def test_unicode_split_over_chunks(client: OpenAI) -> None:
    text = "Blåbærsyltetøy på 北京 🧇 ferdig."
    stream = client.chat.completions.create(
        model="fake", messages=MESSAGES, stream=True, extra_body={"fake": {"text": text}}
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == text
