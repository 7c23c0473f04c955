"""The selection, over every combination of three uplinks."""

from itertools import product
from math import inf

import pytest

from route_switcher.core.selection.select import Candidate, select
from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.status import Override

HEALTHY, UNKNOWN, RECOVERING, FAILED = (
    UplinkState.HEALTHY,
    UplinkState.UNKNOWN,
    UplinkState.RECOVERING,
    UplinkState.FAILED,
)
CLASS = {HEALTHY: 3, RECOVERING: 2, UNKNOWN: 1, FAILED: 0}
HERE = CLASS | {UNKNOWN: 3}
"""Of the current one: ignorance is no reason to leave."""
NAMES = ("a", "b", "c")
ONE = list(product(UplinkState, (False, True), (False, True)))
ALL = [
    tuple(Candidate(n, *one) for n, one in zip(NAMES, three, strict=True))
    for three in product(ONE, repeat=3)
]


@pytest.mark.parametrize("current", [*NAMES, None])
def test_every_choice_is_the_best_that_can_be_had(current: str | None) -> None:
    for candidates in ALL:
        choice = select(candidates, current)
        at = {c.name: c for c in candidates}
        here = at.get(current) if current else None
        movable = [c for c in candidates if c.eligible and c.name != current]
        if choice.name == current:
            if here is None:
                assert not movable
            elif not here.refused:
                # Stays: nothing movable is in a better class, nor healthy and preferred.
                assert all(CLASS[c.state] <= HERE[here.state] for c in movable)
                preferred = [c for c in movable if c.name < here.name and c.state is HEALTHY]
                assert not (preferred and HERE[here.state] == HERE[HEALTHY])
            continue
        assert choice.name is not None
        chosen = at[choice.name]
        assert chosen in movable
        best = max(CLASS[c.state] for c in movable)
        assert CLASS[chosen.state] == best
        assert all(c.name >= chosen.name for c in movable if CLASS[c.state] == best)
        if here is not None and not here.refused:
            better = CLASS[chosen.state] > HERE[here.state]
            preferred_one = chosen.state is HEALTHY and chosen.name < here.name
            assert better or (preferred_one and HERE[here.state] == HERE[HEALTHY])


def test_a_healthy_uplink_is_never_left_for_one_that_is_not() -> None:
    for candidates, current in product(ALL, NAMES):
        at = {c.name: c for c in candidates}
        if at[current].state is HEALTHY and not at[current].refused:
            name = select(candidates, current).name
            assert name is not None
            assert at[name].state is HEALTHY


@pytest.mark.parametrize(
    ("here", "there", "cause"),
    [
        (FAILED, HEALTHY, Cause.FAILOVER),
        (FAILED, RECOVERING, Cause.FAILOVER),
        (RECOVERING, HEALTHY, Cause.BETTER),
        (HEALTHY, HEALTHY, Cause.PREFERENCE),
        (UNKNOWN, HEALTHY, Cause.PREFERENCE),
    ],
)
def test_the_cause_says_why(here: UplinkState, there: UplinkState, cause: Cause) -> None:
    choice = select([Candidate("a", there, True), Candidate("b", here, True)], "b")
    assert (choice.name, choice.cause) == ("a", cause)


def test_what_recovers_from_a_failure_is_taken_as_a_first_answer() -> None:
    answers = Candidate("a", RECOVERING, True, ever_failed=True)
    choice = select([answers, Candidate("b", FAILED, True)], "b")
    assert (choice.name, choice.cause) == ("a", Cause.FIRST_ANSWER)


@pytest.mark.parametrize(
    ("others", "taken"),
    [
        ([Candidate("a", UNKNOWN, True), Candidate("c", RECOVERING, True)], "c"),
        ([Candidate("a", RECOVERING, True), Candidate("c", HEALTHY, True, damped=True)], "c"),
        ([Candidate("a", HEALTHY, True, answers=False), Candidate("c", HEALTHY, True)], "c"),
        ([Candidate("a", HEALTHY, True, answers=False), Candidate("c", RECOVERING, True)], "a"),
        ([Candidate("a", HEALTHY, True), Candidate("c", HEALTHY, True)], "a"),
        ([Candidate("a", FAILED, True), Candidate("c", UNKNOWN, True)], "c"),
        ([Candidate("a", FAILED, True), Candidate("c", UNKNOWN, False)], "a"),
        ([Candidate("a", FAILED, False), Candidate("c", UNKNOWN, False)], "b"),
    ],
)
def test_a_lost_link_is_left_for_the_best_by_state(others: list[Candidate], taken: str) -> None:
    lost = Candidate("b", FAILED, False, silent=True)
    assert select([others[0], lost, others[1]], "b").name == taken


def test_a_refused_route_and_a_removed_uplink_are_left_for_anything_that_answers() -> None:
    other = Candidate("b", FAILED, eligible=True)
    refused = Candidate("a", HEALTHY, eligible=False, refused=True)
    assert select([refused, other], "a").cause is Cause.REFUSED
    assert select([other], "gone").cause is Cause.REMOVED


def test_a_forced_order_holds_unless_the_kernel_refuses_it() -> None:
    for candidates, current, forced in product(ALL, NAMES, NAMES):
        choice = select(candidates, current, Override(forced, inf, force=True))
        if next(c for c in candidates if c.name == forced).refused:
            assert choice == select(candidates, current)
        else:
            assert (choice.name, choice.cause) == (forced, Cause.OPERATOR)


def test_an_order_holds_while_its_uplink_has_not_failed_and_returns_when_healthy() -> None:
    for candidates, current, ordered in product(ALL, NAMES, NAMES):
        wanted = next(c for c in candidates if c.name == ordered)
        choice = select(candidates, current, Override(ordered, inf))
        if ordered == current:
            holds = wanted.state is not FAILED
        else:
            holds = wanted.eligible and wanted.state is HEALTHY
        if holds and not wanted.refused:
            assert (choice.name, choice.cause) == (ordered, Cause.OPERATOR)
        else:
            assert choice == select(candidates, current)
