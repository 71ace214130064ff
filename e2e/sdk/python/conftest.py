"""One gateway for all tests of this folder, and one with every provider; each test makes its own key."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openai import OpenAI
from providers import Providers

from tollgate import E2E, Tollgate, Upstream


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture(scope="session")
def tollgate(upstream: Upstream) -> Iterator[Tollgate]:
    tollgate = Tollgate(upstream)
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    providers = Providers()
    yield providers
    providers.stop()


@pytest.fixture(scope="session")
def matrix(providers: Providers) -> Iterator[Tollgate]:
    """A gateway with a model of every provider."""
    tollgate = Tollgate(SimpleNamespace(origin="http://127.0.0.1:9"), E2E / "harness" / "matrix.yaml", providers.env)  # type: ignore[arg-type]
    try:
        yield tollgate.start()
    finally:
        tollgate.remove()


@pytest.fixture(scope="session")
def key(matrix: Tollgate) -> str:
    """For those who need none of their own."""
    return str(matrix.manage("POST", "/key/generate", {})["key"])


@pytest.fixture(scope="session")
def results() -> Iterator[list[dict[str, str]]]:
    """What worked, for the table in the documentation: written to the folder TOLLGATE_FEATURES."""
    results: list[dict[str, str]] = []
    yield results
    if folder := os.environ.get("TOLLGATE_FEATURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "python.json").write_text(json.dumps(results))


@pytest.fixture
def make_client(tollgate: Tollgate) -> Callable[..., OpenAI]:
    """Makes a key with these fields and a client that uses it."""

    def make(**fields: Any) -> OpenAI:
        key = tollgate.manage("POST", "/key/generate", fields)["key"]
        return OpenAI(base_url=f"{tollgate.url}/v1", api_key=key, max_retries=0, timeout=30)

    return make


@pytest.fixture
def client(make_client: Callable[..., OpenAI]) -> OpenAI:
    return make_client()
