"""A configuration that changes under load."""

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from driver import Load, assert_verified
from tollgate import CONFIG, Tollgate, eventually


def asks(tollgate: Tollgate, key: str, model: str) -> int:
    """The status of a call to `model`."""
    request = urllib.request.Request(
        f"{tollgate.url}/v1/chat/completions",
        data=json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]}).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_models_change_under_load_and_no_call_is_lost(make_tollgate: Callable[..., Tollgate], tmp_path: Path) -> None:
    plain = CONFIG.read_text()
    config = tmp_path / "config.yaml"
    config.write_text(plain)
    tollgate = make_tollgate(config).start()
    assert tollgate.process
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    assert asks(tollgate, key, "another") == 400
    load = Load(tollgate.port, key, threads=4)
    load.start()
    load.wait_for(50)
    for round in range(5):
        name = f"another-{round}"
        config.write_text(plain.replace("model_name: other\n", f"model_name: {name}\n"))
        tollgate.process.send_signal(signal.SIGHUP)
        eventually(lambda: asks(tollgate, key, name) == 200, f"{name} to be served")
        assert asks(tollgate, key, "other") == 400
    config.write_text("model_list: nonsense")
    tollgate.process.send_signal(signal.SIGHUP)
    eventually(lambda: "what was in force stays" in tollgate.output(), "the mistake to be told")
    assert asks(tollgate, key, "another-4") == 200
    load.wait_for(len(load.completed) + 50)
    load.stop()
    assert load.faults == []
    config.write_text(plain)
    assert_verified(tollgate)
