"""How the server starts, refuses to start, and stops."""

import json
import os
import shutil
import signal
import socket
import stat
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from driver import Load, call_once
from tollgate import Tollgate, eventually


@pytest.mark.parametrize(
    "address",
    ["postgres://nobody:secret-word@127.0.0.1:1/none", "sqlite:/proc/no/such/folder/x.db", "mysql://localhost/x", "nonsense"],
)
def test_a_database_that_is_not_there(make_tollgate: Callable[..., Tollgate], address: str) -> None:
    tollgate = make_tollgate(DATABASE_URL=address, RUST_BACKTRACE="1")
    tollgate.spawn()
    assert tollgate.process
    assert tollgate.process.wait(timeout=30) not in (0, 101)
    output = tollgate.output()
    assert "database" in output.lower(), output
    for trace in ["panicked", "stack backtrace", ".rs:", "secret-word"]:
        assert trace not in output, output


def test_a_port_that_is_taken(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", tollgate.port))
        taken.listen()
        tollgate.spawn()
        assert tollgate.process
        assert tollgate.process.wait(timeout=30) not in (0, 101)
    assert str(tollgate.port) in tollgate.output()
    assert "panicked" not in tollgate.output()


def test_a_config_with_a_mistake(make_tollgate: Callable[..., Tollgate], tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("model_list:\n  - model_name: a\n    litellm_params:\n      model: [not, a, name]\n")
    tollgate = make_tollgate(config)
    tollgate.spawn()
    assert tollgate.process
    assert tollgate.process.wait(timeout=30) not in (0, 101)
    assert "model_list[0].litellm_params.model" in tollgate.output()
    assert "4" in tollgate.output(), "the line is not named"


def test_starts_without_any_setting(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate(config=None)
    for name in ["LITELLM_MASTER_KEY", "LITELLM_SALT_KEY", "DATABASE_URL"]:
        tollgate.env.pop(name, None)
    tollgate.start()
    file = tollgate.data / "master_key"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    first = file.read_text().strip()
    request = urllib.request.Request(
        f"{tollgate.url}/v1/chat/completions",
        data=json.dumps({"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}).encode(),
        headers={"authorization": f"Bearer {first}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        assert json.load(response)["choices"][0]["message"]["content"]
    assert tollgate.signal(signal.SIGTERM) == 0
    tollgate.start()
    assert file.read_text().strip() == first


def test_sigterm_lets_calls_in_flight_finish(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate().start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    body = {
        "model": "fake",
        "stream": True,
        "messages": [{"role": "user", "content": "Say something."}],
        "fake": {"text": "word " * 50, "chunk_delay_ms": 20},
    }
    request = urllib.request.Request(
        f"{tollgate.url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        call_id = response.headers["x-litellm-call-id"]
        first = response.readline()
        assert tollgate.process
        tollgate.process.send_signal(signal.SIGTERM)
        # New ones are told to go elsewhere, and so is the load balancer.
        eventually(lambda: not tollgate.is_ready(), "readiness to say so", seconds_max=0.5)
        refused = call_once(tollgate, key)
        assert (refused.status, "shutting down" in refused.text) == (503, True), refused
        rest = response.read()
    assert b"[DONE]" in rest
    assert (first + rest).count(b'"content":"word ') == 50
    assert tollgate.process.wait(timeout=15) == 0
    # Its event is in the database: the next start does without the spool.
    shutil.rmtree(tollgate.data / "spool")
    tollgate.start()
    rows = tollgate.logs_of(key)
    assert [(row["request_id"], row["status"]) for row in rows] == [(call_id, "success")]


def test_sigterm_under_load_ends_in_time(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate().start()
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    load = Load(tollgate.port, key, threads=8)
    load.start()
    load.wait_for(50)
    started = time.monotonic()
    assert tollgate.signal(signal.SIGTERM) == 0
    assert time.monotonic() - started < 10
    load.stop()
    tollgate.start()
    logged = {row["request_id"] for row in tollgate.logs_of(key)}
    assert load.completed.keys() <= logged
    verified = tollgate.run("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_readiness_says_what_it_found(make_tollgate: Callable[..., Tollgate]) -> None:
    tollgate = make_tollgate().start()
    with urllib.request.urlopen(f"{tollgate.url}/health/readiness") as response:
        answer = json.load(response)
    assert (answer["status"], answer["db"], answer["problems"]) == ("healthy", "connected", [])
