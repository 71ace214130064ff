"""Providers that die under load, present the wrong certificate or send a line of 100 MB.

What they do wrong one call at a time is tried in server/tests/it/chat/faults.rs.
"""

from __future__ import annotations

import datetime
import http.client
import json
import re
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from driver import INPUT_NANO, OUTPUT_NANO, assert_verified, nano
from misbehaving import INPUT_TOKENS, Misbehaving, endless_line
from tollgate import Tollgate, eventually

THREADS = 16
MIB = 1 << 20


@pytest.fixture
def make_provider() -> Iterator[Callable[..., Misbehaving]]:
    made: list[Misbehaving] = []

    def make(*arguments: object, **named: object) -> Misbehaving:
        made.append(Misbehaving(*arguments, **named))
        return made[-1]

    yield make
    for provider in made:
        provider.stop()


def config(folder: Path, providers: list[Misbehaving], settings: str = "") -> Path:
    """Every provider is a deployment of the model `m`; `settings` follow."""
    entries = [
        f"  - model_name: m\n    litellm_params: {{model: openai/m, api_base: '{provider.api_base}', api_key: k, "
        f"input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}\n    model_info: {{id: d{number}}}\n"
        for number, provider in enumerate(providers)
    ]
    path = folder / "config.yaml"
    path.write_text("model_list:\n" + "".join(entries) + settings)
    return path


def ask(connection: http.client.HTTPConnection, key: str, is_stream: bool, words: int) -> http.client.HTTPResponse:
    """Sends a call; the provider says the words back."""
    body = {"model": "m", "stream": is_stream, "messages": [{"role": "user", "content": "word " * words}]}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    return connection.getresponse()


class Clients:
    """Calls in a loop; what came of each."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key
        self.answered = 0
        #: Streams that ended in band, after their first word: when they began, and why.
        self.broken: list[tuple[float, str]] = []
        #: What no client should see.
        self.faults: list[str] = []
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a call hangs"

    def _work(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        count = number
        while not self._stop.is_set():
            count += 1
            self._call(connection, count % 2 == 0, 1 + count % 9)

    def _call(self, connection: http.client.HTTPConnection, is_stream: bool, words: int) -> None:
        response = ask(connection, self.key, is_stream, words)
        began = time.monotonic()
        text = response.read().decode()
        with self._lock:
            if response.status != 200:
                self.faults.append(f"{response.status} {text}")
            elif is_stream and "[DONE]" not in text:
                self.broken.append((began, text))
            elif text.count("word") < words:
                self.faults.append(text)
            else:
                self.answered += 1


def reserved_usd(tollgate: Tollgate) -> float:
    """What calls in flight have reserved."""
    with urllib.request.urlopen(f"{tollgate.url}/metrics", timeout=10) as response:
        found = re.search(r"^tollgate_reserved_usd\S* (\S+)$", response.read().decode(), re.MULTILINE)
    assert found
    return float(found[1])


def settled_logs(tollgate: Tollgate, key: str, count: int) -> list[dict[str, Any]]:
    """The calls of a key, once all are written: while they are, pages shift, and some come twice."""

    def found() -> list[dict[str, Any]] | None:
        rows = tollgate.logs_of(key)
        is_whole = len(rows) == len({row["request_id"] for row in rows}) >= count
        return rows if is_whole and tollgate.logs_of(key) == rows else None

    logs = eventually(found, "the calls in the ledger", 30)
    assert len(logs) == count
    return logs


def test_half_of_the_deployments_die_under_load(
    make_tollgate: Callable[..., Tollgate], make_provider: Callable[..., Misbehaving], tmp_path: Path
) -> None:
    providers = [make_provider() for _ in range(4)]
    tollgate = make_tollgate(config(tmp_path, providers)).start()
    key = tollgate.manage("POST", "/key/generate", {"max_budget": 100})["key"]
    clients = Clients(tollgate.port, key)
    eventually(lambda: clients.answered >= 300, "calls", 60)
    for provider in providers[:2]:
        provider.die()
    died = time.monotonic()
    before = clients.answered
    eventually(lambda: clients.answered >= before + 400, "calls to those that are left", 60)

    def states() -> dict[str, dict[str, Any]]:
        return {d["model_info"]["id"]: d["state"] for d in tollgate.manage("GET", "/v1/model/info")["data"]}

    # Whichever was slower than the others before it died is seldom asked: how soon it is, is left to chance.
    eventually(lambda: all(states()[dead]["failures"] > 0 for dead in ("d0", "d1")), "a try of each dead one", 60)
    clients.stop()

    assert not clients.faults, clients.faults[:3]
    # What had begun to arrive cannot be taken back; it ends in band, with an error.
    assert all(began < died + 0.5 and '"error"' in text for began, text in clients.broken), clients.broken[:3]
    assert len(clients.broken) <= THREADS
    served = clients.answered + len(clients.broken)
    logs = settled_logs(tollgate, key, served)
    answered = [row for row in logs if row["status"] == "success"]
    assert len(answered) == clients.answered
    told = [words for provider in providers for words in provider.served_tokens]
    # What a dying provider had answered whole may not have arrived.
    assert sum(row["completion_tokens"] for row in answered) <= sum(told)
    left = [words for provider in providers[2:] for words in provider.served_tokens]
    booked = [row for row in answered if row["model_id"] in ("d2", "d3")]
    assert sorted(row["completion_tokens"] for row in booked) == sorted(left)
    cost = sum(INPUT_TOKENS * INPUT_NANO + row["completion_tokens"] * OUTPUT_NANO for row in answered)
    assert sum(nano(row["spend"]) for row in answered) == cost
    eventually(lambda: reserved_usd(tollgate) == 0, "nothing reserved")
    assert_verified(tollgate)
    assert states()["d2"]["status"] == states()["d3"]["status"] == "available"


def resident_max_bytes(pid: int) -> int:
    """The most memory a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_a_line_of_100_mb_takes_no_100_mb(
    make_tollgate: Callable[..., Tollgate], make_provider: Callable[..., Misbehaving], tmp_path: Path
) -> None:
    provider = make_provider(endless_line)
    tollgate = make_tollgate(config(tmp_path, [provider])).start()
    assert tollgate.process
    before = resident_max_bytes(tollgate.process.pid)
    key = tollgate.manage("POST", "/key/generate", {})["key"]
    connection = http.client.HTTPConnection("127.0.0.1", tollgate.port, timeout=60)
    response = ask(connection, key, True, 1)
    size, end = 0, b""
    while piece := response.read1(MIB):
        size, end = size + len(piece), (end + piece)[-100:]
    assert size > 100 * MIB and b"[DONE]" in end
    grown = resident_max_bytes(tollgate.process.pid) - before
    print(f"{grown / MIB:.0f} MiB more at most")
    assert grown < 80 * MIB
    logs = eventually(lambda: tollgate.logs_of(key), "the call in the ledger")
    assert [row["spend"] for row in logs] == [pytest.approx(INPUT_TOKENS * 1e-6 + 2e-6)]
    assert_verified(tollgate)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    certificate = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "server.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_of_nobody_is_no_provider(
    make_tollgate: Callable[..., Tollgate], make_provider: Callable[..., Misbehaving], tmp_path: Path
) -> None:
    impostor, well = make_provider(tls=self_signed(tmp_path)), make_provider()
    alone = make_tollgate(config(tmp_path, [impostor], "router_settings: {num_retries: 0}\n")).start()
    key = alone.manage("POST", "/key/generate", {})["key"]
    for is_stream in (False, True):
        connection = http.client.HTTPConnection("127.0.0.1", alone.port, timeout=30)
        response = ask(connection, key, is_stream, 3)
        error = json.load(response)["error"]
        assert (response.status, error["type"], error["code"]) == (502, "api_connection_error", "502")
    both = make_tollgate(config(tmp_path, [impostor, well])).start()
    key = both.manage("POST", "/key/generate", {})["key"]
    connection = http.client.HTTPConnection("127.0.0.1", both.port, timeout=30)
    for number in range(20):
        response = ask(connection, key, number % 2 == 0, 3)
        assert response.status == 200 and "word" in response.read().decode()
    assert impostor.served_tokens == [] and len(well.served_tokens) == 20
