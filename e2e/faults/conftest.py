"""A provider for all tests of this folder; every test has a gateway of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tollgate import CONFIG, Tollgate, Upstream


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def make_tollgate(upstream: Upstream) -> Iterator[Callable[..., Tollgate]]:
    """Makes gateways, not started yet, and removes them at the end."""
    made: list[Tollgate] = []

    def make(config: Path | None = CONFIG, **env: str) -> Tollgate:
        made.append(Tollgate(upstream, config, env))
        return made[-1]

    yield make
    for tollgate in made:
        tollgate.remove()
