"""One gateway for all tests of this folder; each test makes its own key."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import OpenAI

from tollgate import Tollgate, Upstream


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
