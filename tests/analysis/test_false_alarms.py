"""How often random loss alone fails a working uplink: by hand, and against seeded runs."""

from math import inf
from random import Random

import pytest

from route_switcher.analysis.figures.false_alarms import (
    FalseAlarms,
    false_failures,
    time_to_recover,
)
from route_switcher.core.engine import Engine
from route_switcher.core.probing.pace import Pace
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    Condition,
    ConsecutiveFailures,
    Measure,
)
from route_switcher.core.vocabulary.events import Answer, LinkState, Round, Routes, Start
from route_switcher.core.vocabulary.outputs import RuleChange
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import answers_needed
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.text.durations import MONTH
from support.keys import v4
from support.watching import policy, probe, rule, watched

RTT = 0.02


def chance(the_policy: Policy, loss: float) -> float:
    return failing(the_policy, loss).failures


def failing(the_policy: Policy, loss: float) -> FalseAlarms:
    return false_failures(watched(the_policy), the_policy.rules[0], Family.IPV4, loss)


def simulated(the_policy: Policy, loss: float, rounds: int) -> list[tuple[float, float]]:
    """Failures of each rule in 30 days, seen in so many rounds of the core, and their error."""
    random = Random(7)
    engine = Engine(the_policy)
    the_probe, uplink = the_policy.probes[0], the_policy.uplinks[0]
    engine.handle(Start(0.0, tuple(LinkState(u.interface) for u in the_policy.uplinks), ()))
    routes = tuple(
        Route(u.family, u.interface, u.written_gateway, u.metric) for u in the_policy.uplinks
    )
    engine.handle(Routes(0.0, routes))
    pace = Pace(the_probe, the_policy.rules)
    needed = answers_needed(the_probe.quorum, len(the_probe.targets))
    usable = (RuleState.OK, RuleState.UNKNOWN)
    now, failures = 1.0, {each.name: 0 for each in the_policy.rules}
    for _ in range(rounds):
        answers = tuple(
            Answer(t, None if random.random() < loss else RTT) for t in the_probe.targets
        )
        good = sum(a.rtt is not None for a in answers) >= needed
        outcome = RoundOutcome.GOOD if good else RoundOutcome.FAILED
        at = now + (RTT if good else the_probe.timeout)
        outputs = engine.handle(Round(at, v4(uplink.name), the_probe.name, now, outcome, answers))
        for o in outputs:
            if isinstance(o, RuleChange) and o.after is RuleState.FAILED and o.before in usable:
                failures[o.rule] += 1
        now += pace.after(outcome)
    scale = MONTH / now
    return [(count * scale, count**0.5 * scale) for count in failures.values()]


def at_once(fail: Condition) -> Rule:
    """A rule that recovers with the first good round, so that every failure counts."""
    return rule(fail, 0.0)


def test_three_in_a_row_by_hand() -> None:
    once = policy(at_once(ConsecutiveFailures("internet", 3)))
    mean = MONTH / (0.99 * 0.01**3)
    # A run begins after a good round; then half an interval, and a round, to come back.
    assert chance(once, 0.01) == pytest.approx(MONTH * MONTH / (mean + 0.5 * MONTH), rel=1e-6)
    assert chance(once, 0.01) == pytest.approx(2.566, rel=1e-3)


def test_what_takes_long_to_come_back_fails_less_often() -> None:
    three = ConsecutiveFailures("internet", 3)
    assert chance(policy(rule(three, 3600.0)), 0.05) < chance(policy(rule(three, 60.0)), 0.05)


def test_targets_and_quorum_count() -> None:
    three = rule(ConsecutiveFailures("internet", 3))
    one = chance(policy(three), 0.05)
    assert chance(policy(three, probe(targets=3)), 0.05) < one / 1e6
    strict = policy(three, probe(targets=3, quorum="all"))
    assert chance(strict, 0.01) > 2 * chance(policy(three), 0.01)
    # The more is lost, the longer it stays away, and the more seldom it can fail again.
    assert failing(strict, 0.05).away > 0.9 > 0.1 > failing(policy(three), 0.05).away
    middle = chance(policy(three, probe(targets=3, quorum=2)), 0.05)
    assert chance(policy(three, probe(targets=3)), 0.05) < middle < one


def test_any_adds_up_and_all_is_rarer() -> None:
    three, five = (ConsecutiveFailures("internet", n) for n in (3, 5))
    alone = chance(policy(rule(three)), 0.05)
    assert alone < chance(policy(rule(AnyOf((three, five)))), 0.05) < 1.1 * alone
    assert chance(policy(rule(AllOf((three, five)))), 0.05) < 0.01 * alone
    probes = probe(), probe("office", first=9)
    apart = AllOf((three, ConsecutiveFailures("office", 3)))
    assert 0 < chance(policy(rule(apart), *probes), 0.05) < 0.01 * alone


@pytest.mark.parametrize(
    "fail",
    [
        CarrierDown(),
        Beyond(Measure.LATENCY, "internet", 0.1, 30.0),
        AllOf((ConsecutiveFailures("internet", 1), CarrierDown())),
    ],
)
def test_random_loss_does_not_fail_by_the_carrier_or_by_latency(fail: Condition) -> None:
    assert chance(policy(rule(fail)), 0.2) == 0.0


def test_a_loss_above_the_limit_fails_all_the_time() -> None:
    lossy = policy(rule(Beyond(Measure.LOSS, "internet", 0.2, 30.0)))
    assert failing(lossy, 0.3) == FalseAlarms(inf, 1.0)


def test_coming_back_takes_longer_the_more_is_lost() -> None:
    sixty = policy(rule(ConsecutiveFailures("internet", 3)))
    times = [
        time_to_recover(watched(sixty), sixty.rules[0], Family.IPV4, loss)
        for loss in (0.0, 0.01, 0.05, 0.9)
    ]
    # The first good round, then sixty in a row; at 5 %, 1 / 0.95 and (0.95^-60 - 1) / 0.05 / 0.95.
    assert times[0] == 61.0
    assert times[2] == pytest.approx(1 / 0.95 + (0.95**-60 - 1) / 0.05 / 0.95)
    assert times[3] == inf
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("the_policy", "loss", "rounds"),
    [
        (policy(at_once(ConsecutiveFailures("internet", 3))), 0.1, 60_000),
        (policy(at_once(ConsecutiveFailures("internet", 2)), probe(fast=0.25)), 0.05, 60_000),
        (policy(at_once(ConsecutiveFailures("internet", 2)), probe(targets=2)), 0.2, 60_000),
        (policy(rule(ConsecutiveFailures("internet", 2), 20.0)), 0.1, 30_000),
        (policy(at_once(ConsecutiveFailures("internet", 1))), 0.4, 5_000),
        (policy(at_once(ConsecutiveFailures("internet", 2, for_seconds=1.5))), 0.2, 60_000),
    ],
    ids=["three", "confirmed", "two-targets", "stable", "one", "for"],
)
def test_runs_of_failures_come_as_often_as_computed(
    the_policy: Policy, loss: float, rounds: int
) -> None:
    """In as many rounds as it takes to see a hundred failures, or some more."""
    ((seen, error),) = simulated(the_policy, loss, rounds)
    computed = chance(the_policy, loss)
    assert abs(seen - computed) < 3 * error + 0.05 * computed


@pytest.mark.parametrize(
    ("limit", "over", "targets", "loss"),
    [(0.2, 30.0, 1, 0.05), (0.1, 60.0, 1, 0.03), (0.3, 20.0, 2, 0.15)],
)
def test_loss_over_a_window_has_a_bound(
    limit: float, over: float, targets: int, loss: float
) -> None:
    helds = (0.0, 5.0)
    fails = [Beyond(Measure.LOSS, "internet", limit, over, held) for held in helds]
    its = probe(targets=targets)
    # Both rules hear the same rounds; neither knows of the other.
    both = policy(tuple(rule(f, 10.0, name=f"for {f.for_seconds:g}") for f in fails), its)
    for held, fail, (seen, error) in zip(helds, fails, simulated(both, loss, 60_000), strict=True):
        computed = failing(policy(rule(fail, 10.0), its), loss)
        assert computed.bound
        assert seen - 3.5 * error < computed.failures
        if not held:
            assert computed.failures < 2 * seen + 3.5 * error
