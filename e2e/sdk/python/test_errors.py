"""What the SDK raises, and what the error says."""

import time
from collections.abc import Callable

import httpx2 as http
import openai
import pytest
from openai import OpenAI

from tollgate import MASTER_KEY, Tollgate, Upstream, eventually

MESSAGES = [{"role": "user", "content": "Say something."}]
# Of one answer of the fake provider, in dollars.
COST = 0.00002


def refused(error: type[openai.APIStatusError], client: OpenAI, model: str = "fake", **fields: object) -> openai.APIStatusError:
    with pytest.raises(error) as caught:
        client.chat.completions.create(model=model, messages=MESSAGES, **fields)
    return caught.value


def test_wrong_key(tollgate: Tollgate) -> None:
    client = OpenAI(base_url=f"{tollgate.url}/v1", api_key="sk-no-such-key-0123456789", max_retries=0)
    error = refused(openai.AuthenticationError, client)
    assert error.type == "token_not_found_in_db"
    assert "sk-no-such-key-0123456789" not in str(error)


def test_no_key(tollgate: Tollgate) -> None:
    answer = http.post(f"{tollgate.url}/v1/chat/completions", json={"model": "fake", "messages": MESSAGES})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "401"


def test_model_not_allowed(make_client: Callable[..., OpenAI]) -> None:
    error = refused(openai.PermissionDeniedError, make_client(models=["other"]))
    assert error.type == "key_model_access_denied"
    assert error.param == "model"


def test_unknown_model(client: OpenAI) -> None:
    error = refused(openai.BadRequestError, client, model="no-such-model")
    assert error.param == "model"
    assert "no-such-model" in str(error)


def test_malformed_bodies(client: OpenAI, tollgate: Tollgate, upstream: Upstream) -> None:
    before = len(upstream.calls())
    bodies = {
        b"{": None,
        b"[]": None,
        b"{}": "messages",
        b'{"messages": [{"role": "user", "content": "Hello"}]}': "model",
        b'{"model": 7, "messages": [{"role": "user", "content": "Hello"}]}': "model",
        b'{"model": "fake", "messages": "hello"}': "messages",
        b'{"model": "fake", "messages": [{"role": "user", "content": "Hello"}], "stream": "yes"}': "stream",
    }
    for body, param in bodies.items():
        answer = http.post(
            f"{tollgate.url}/v1/chat/completions",
            content=body,
            headers={"authorization": f"Bearer {client.api_key}", "content-type": "application/json"},
        )
        assert answer.status_code == 400, (body, answer.text)
        assert answer.json()["error"]["param"] == param, (body, answer.text)
    assert len(upstream.calls()) == before


def test_provider_errors_pass_as_they_are(client: OpenAI, upstream: Upstream) -> None:
    body = {"error": {"message": "Slow down, please.", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}
    fake = {"status": 429, "body": body, "headers": {"retry-after": "7"}}
    error = refused(openai.RateLimitError, client, extra_body={"fake": fake})
    assert (error.type, error.code, "Slow down, please." in str(error)) == ("tokens", "rate_limit_exceeded", True)
    assert error.response.headers["retry-after"] == "7"
    number = upstream.calls()[-1]["number"]
    assert error.request_id == f"req_fake_{number}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, openai.BadRequestError), (422, openai.UnprocessableEntityError), (500, openai.InternalServerError)],
)
def test_provider_statuses(client: OpenAI, status: int, expected: type[openai.APIStatusError]) -> None:
    error = refused(expected, client, extra_body={"fake": {"status": status}})
    assert error.status_code == status
    assert f"Scripted {status}." in str(error)


def test_failed_calls_cost_nothing_and_are_logged(client: OpenAI, tollgate: Tollgate) -> None:
    refused(openai.InternalServerError, client, extra_body={"fake": {"status": 500}})
    rows = eventually(lambda: tollgate.logs_of(client.api_key), "the failure in the log")
    assert [(row["status"], row["status_code"], row["spend"]) for row in rows] == [("failure", 500, 0)]


def test_over_budget(make_client: Callable[..., OpenAI], tollgate: Tollgate) -> None:
    budget = 5 * COST
    client = make_client(max_budget=budget)
    answered = 0
    with pytest.raises(openai.BadRequestError) as caught:
        for answered in range(10):
            client.chat.completions.create(model="fake", messages=MESSAGES, max_tokens=5)
    assert caught.value.type == "budget_exceeded"
    assert "Budget has been exceeded!" in str(caught.value)
    # What a call may cost at most is reserved before it: the last one or two may no longer fit.
    assert 3 <= answered <= 5
    info = tollgate.manage("GET", f"/key/info?key={client.api_key}")["info"]
    assert info["spend"] == pytest.approx(answered * COST)


def test_no_budget_at_all(make_client: Callable[..., OpenAI]) -> None:
    error = refused(openai.BadRequestError, make_client(max_budget=0))
    assert error.type == "budget_exceeded"


def test_expired_key(make_client: Callable[..., OpenAI]) -> None:
    client = make_client(duration="1s")
    client.chat.completions.create(model="fake", messages=MESSAGES)
    # The clock of a black box cannot be moved.
    time.sleep(1.2)
    assert refused(openai.AuthenticationError, client).type == "expired_key"


def test_block_and_delete_hold_within_a_second(client: OpenAI, tollgate: Tollgate) -> None:
    def call() -> openai.APIStatusError | None:
        try:
            client.chat.completions.create(model="fake", messages=MESSAGES)
        except openai.APIStatusError as error:
            return error
        return None

    assert call() is None
    tollgate.manage("POST", "/key/block", {"key": client.api_key})
    error = eventually(call, "the block", seconds_max=1)
    assert (error.status_code, "blocked" in str(error)) == (401, True)
    tollgate.manage("POST", "/key/unblock", {"key": client.api_key})
    eventually(lambda: call() is None, "the key's return", seconds_max=1)
    tollgate.manage("POST", "/key/delete", {"keys": [client.api_key]})
    assert eventually(call, "the deletion", seconds_max=1).status_code == 401


def test_a_cut_stream_is_reported_in_band(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="fake", messages=MESSAGES, stream=True, extra_body={"fake": {"truncate_after": 2, "chunk_delay_ms": 20}}
    )
    with pytest.raises(openai.APIError):
        list(stream)


def test_a_client_that_leaves_pays_for_what_came(client: OpenAI, tollgate: Tollgate, upstream: Upstream) -> None:
    fake = {"text": "word " * 400, "chunk_delay_ms": 10}
    stream = client.chat.completions.create(
        model="fake", messages=MESSAGES, stream=True, extra_body={"fake": fake}
    )
    received = [next(stream) for _ in range(20)]
    assert received
    left_ms = time.time() * 1000
    stream.close()
    call = eventually(lambda: next((c for c in upstream.calls()[-1:] if c["state"] != "open"), None), "the cancellation")
    assert call["state"] == "disconnected"
    assert call["closed_at_ms"] - left_ms < 1000
    rows = eventually(lambda: tollgate.logs_of(client.api_key), "the cancelled call in the log")
    assert rows[0]["status"] == "cancelled"
    assert 15 <= rows[0]["completion_tokens"] <= 2 * call["words_sent"]
    assert rows[0]["spend"] > 0


def test_the_master_key_calls_too(tollgate: Tollgate) -> None:
    client = OpenAI(base_url=f"{tollgate.url}/v1", api_key=MASTER_KEY, max_retries=0)
    assert client.chat.completions.create(model="fake", messages=MESSAGES).choices
