"""The same call to Tollgate and to LiteLLM: both have to say the same to the provider, and to the client. What differs on
purpose is in `kept`.
"""

from fnmatch import fnmatchcase

import pytest
from cases import CASES, MODELS
from exchange import Case, differences, exchange, member
from kept import INCOMPARABLE, KEPT, Kept
from providers import Providers

PAIRS = [
    (case, model)
    for case in CASES
    for model in MODELS
    if not any(model == one and fnmatchcase(case.name, pattern) for one, pattern in INCOMPARABLE)
]
needed: set[Kept] = set()
ran: set[tuple[str, str]] = set()


@pytest.mark.parametrize(("case", "model"), PAIRS, ids=[f"{case.name}-{model}" for case, model in PAIRS])
def test_both_say_the_same(gateways: tuple[str, str], providers: Providers, case: Case, model: str) -> None:
    ours, theirs = (exchange(origin, case, model, providers) for origin in gateways)
    found = {"got": differences(ours.got, theirs.got), "sent": differences(ours.sent, theirs.sent)}
    if "status" in found["got"]:
        # Everything else differs with it.
        found = {"got": {"status": found["got"]["status"]}}
    ran.add((case.name, model))
    unknown = []
    for side, by_place in found.items():
        for place, (our, their) in by_place.items():
            kept = [one for one in KEPT if one.covers(side, model, case.name, member(place))]
            needed.update(kept[:1])
            if not kept:
                unknown.append(f"{side} {place}: Tollgate {our!r}, LiteLLM {their!r}")
    assert not unknown, "\n".join(["not in kept.py:", *unknown])


def test_every_kept_difference_is_there() -> None:
    if len(ran) < len(PAIRS):
        pytest.skip("needs all cases")
    assert [one for one in KEPT if one not in needed] == []
