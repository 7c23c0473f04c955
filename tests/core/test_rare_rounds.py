"""A rule about a frequent and a rare probe: the rounds of the rare one are no gap."""

from dataclasses import replace

from route_switcher.core.health.rule_health import RuleHealth
from route_switcher.core.vocabulary.conditions import AnyOf, ConsecutiveFailures
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from support.histories import FAILED, GOOD, A, B, rule_health
from support.keys import v4

RARE = replace(B, interval=10.0, fast_interval=10.0, down_interval=10.0, standby_interval=10.0)


def tell_of_the_rare_one(health: RuleHealth, outcome: RoundOutcome, *times: float) -> None:
    for at in times:
        health.on_round(Round(at, v4("fibre"), RARE.name, at, outcome, (), "lost"))


def failing_or_rarely_failing(held: float, stable: float) -> Rule:
    parts = (ConsecutiveFailures(A.name, 3), ConsecutiveFailures(RARE.name, 1, held))
    return Rule("either", AnyOf(parts), Recover(stable))


def test_a_for_goes_on_from_one_rare_round_to_the_next() -> None:
    health = rule_health(failing_or_rarely_failing(held=15.0, stable=10.0), A, RARE)
    tell_of_the_rare_one(health, FAILED, 0.0, 10.0)
    assert health.deadline() == 15.0
    health.on_time(15.0)
    assert health.state is RuleState.FAILED


def test_the_stable_time_goes_on_from_one_rare_round_to_the_next() -> None:
    rule = failing_or_rarely_failing(held=0.0, stable=30.0)
    health = rule_health(rule, A, RARE, state=RuleState.RECOVERING)
    tell_of_the_rare_one(health, GOOD, 0.0, 10.0, 20.0, 30.0)
    assert health.state is RuleState.OK
