"""Whatever a policy says, its figures are figures, and come soon."""

from math import isfinite
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.analysis.figures.policy_figures import figures_of
from route_switcher.analysis.prose.figures_in_words import figures_in_words
from route_switcher.analysis.prose.sentences import explain
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.policy import Policy
from support.watching import policy, probe, rule

NAMES = st.sampled_from(["internet", "office"])
HELD = st.sampled_from([0.0, 0.0, 1.5, 60.0, 86400.0])
COUNTS = st.sampled_from([1, 2, 3, 20, 1000])
LIMITS = st.sampled_from([0.001, 0.02, 0.25, 0.5, 0.999])
OVERS = st.sampled_from([3600.0, 30.0, 61.7, 3600.0])


def groups(leaves: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    def grouped(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several: st.SearchStrategy[tuple[Condition, ...]] = st.lists(
            parts, min_size=1, max_size=3
        ).map(tuple)
        return st.builds(AnyOf, several, HELD) | st.builds(AllOf, several, HELD)

    return st.recursive(leaves, grouped, max_leaves=4)


MEASURES = st.sampled_from(Measure)
FAILS = groups(
    st.builds(ConsecutiveFailures, NAMES, COUNTS, HELD)
    | st.builds(Beyond, MEASURES, NAMES, LIMITS, OVERS, HELD)
    | st.builds(CarrierDown, HELD)
)
RECOVERS = groups(
    st.builds(ConsecutiveSuccesses, NAMES, COUNTS, HELD)
    | st.builds(Within, MEASURES, NAMES, LIMITS | st.just(0.0), OVERS, HELD)
    | st.builds(CarrierUp, HELD)
)


@st.composite
def probes(draw: st.DrawFn, name: str, first: int) -> Any:
    interval = draw(st.sampled_from([0.01, 0.3, 1.0, 3600.0]))
    slower = st.sampled_from([1.0, 1.7, 5.0, 360_000.0])
    fast = interval * draw(st.sampled_from([0.25, 1.0]))
    quorums: list[str | int] = ["any", "all", 1]
    return probe(
        name,
        interval,
        targets=draw(st.integers(1, 4)),
        quorum=draw(st.sampled_from(quorums)),
        fast=fast,
        timeout=fast / draw(st.sampled_from([1, 3])),
        down=min(3600.0, interval * draw(slower)),
        standby=min(3600.0, interval * draw(slower)),
        first=first,
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    stables = st.sampled_from([0.0, 0.4, 60.0, 86400.0])
    rules = [
        rule(draw(FAILS), draw(stables), draw(st.none() | RECOVERS), name=f"rule-{number}")
        for number in range(draw(st.integers(1, 3)))
    ]
    return policy(tuple(rules), draw(probes("internet", 1)), draw(probes("office", 9)))


@given(policies(), st.sampled_from([0.001, 0.05, 0.5, 0.999]))
@settings(max_examples=25, deadline=None)
def test_figures_are_figures(any_policy: Policy, loss: float) -> None:
    figures = figures_of(any_policy, (loss,))
    for figure in figures.rules:
        for times in (figure.fails, figure.returns, figure.fails_on_standby):
            if times is not None:
                assert 0 <= times.typical <= times.worst + 1e-6
                assert isfinite(times.worst)
    for uplink in figures.uplinks:
        for _, failing in uplink.false_failures:
            assert failing.failures >= 0
            assert 0 <= failing.away <= 1
    assert figures_in_words(any_policy, figures)
    assert list(explain(any_policy))
