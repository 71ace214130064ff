"""Both gateways, once for all cases, in front of the same fake providers."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from litellm_proxy import LiteLlm
from providers import Providers

from tollgate import Tollgate

CONFIG = Path(__file__).parent / "config.yaml"


@pytest.fixture(scope="session")
def providers() -> Iterator[Providers]:
    providers = Providers()
    yield providers
    providers.stop()


@pytest.fixture(scope="session")
def gateways(providers: Providers) -> Iterator[tuple[str, str]]:
    """The addresses of Tollgate and of LiteLLM."""
    # LiteLLM takes the whole address of the call for Cohere's.
    env = {**providers.env, "COHERE_CHAT_URL": f"{providers.cohere.origin}/v2/chat"}
    litellm = LiteLlm(CONFIG, env)
    tollgate = Tollgate(SimpleNamespace(origin="http://127.0.0.1:9"), CONFIG, env)  # type: ignore[arg-type]
    try:
        tollgate.start()
        litellm.wait()
        yield tollgate.url, litellm.url
    finally:
        tollgate.remove()
        litellm.stop()
