"""A scenario names an uplink, and means it in every family that it has."""

from math import inf

import pytest

from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RuleState, UplinkState
from route_switcher.policy.problems import Span
from route_switcher.scenarios.run import run_scenario
from route_switcher.scenarios.scenario import (
    ActiveIs,
    Assertion,
    Expectation,
    LinkEvent,
    LinkWord,
    ReleaseEvent,
    Rounds,
    RuleIs,
    Scenario,
    ScenarioEvent,
    SwitchEvent,
    UplinkIs,
)
from route_switcher.scenarios.series import parse_series
from support.two_families import BOTH

SPAN = Span(1, 1, 2)
S = 1_000_000_000
FAILED, HEALTHY = UplinkState.FAILED, UplinkState.HEALTHY


def seen(
    at: int,
    *assertions: Assertion,
    rounds: tuple[Rounds, ...] = (),
    events: tuple[tuple[int, ScenarioEvent], ...] = (),
) -> list[str]:
    expectation = Expectation(at * S, assertions)
    timed = tuple((when * S, event) for when, event in events)
    scenario = Scenario("both", SPAN, rounds, timed, (expectation,))
    return [failure.seen for failure in run_scenario(scenario, BOTH)]


@pytest.mark.parametrize("word", [LinkWord.UNPLUGGED, LinkWord.DOWN, LinkWord.WITHOUT_ADDRESS])
def test_an_event_of_the_link_reaches_both(word: LinkWord) -> None:
    lost = ((100, LinkEvent("wan", word)),)
    assert seen(110, ActiveIs(SPAN, "lte"), UplinkIs(SPAN, "wan", FAILED), events=lost) == []


def test_an_order_and_its_end_reach_both() -> None:
    order = (100, SwitchEvent("lte", inf))
    assert seen(101, ActiveIs(SPAN, "lte"), events=(order,)) == []
    assert seen(103, ActiveIs(SPAN, "wan"), events=(order, (102, ReleaseEvent("lte")))) == []


def test_one_family_that_is_not_so_is_told() -> None:
    six = next(t for t in BOTH.probes[0].targets if not t.name.startswith("203"))
    assert isinstance(six, Target)
    lost = (Rounds("wan", six, tuple(parse_series("10 good, lost"))),)
    claims = (
        ActiveIs(SPAN, "wan"),
        UplinkIs(SPAN, "wan", HEALTHY),
        RuleIs(SPAN, "no-internet", "wan", RuleState.OK),
    )
    assert seen(60, *claims, rounds=lost) == [
        "lte is",
        "its IPv6 is failed",
        "its IPv6 is failed",
    ]
