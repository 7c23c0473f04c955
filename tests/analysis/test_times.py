"""Times to fail and to return: by hand, and against the simulated world over many phases."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import pytest

from route_switcher.analysis.figures.detection import time_to_fail
from route_switcher.analysis.figures.recovery import time_to_return
from route_switcher.analysis.monitoring import Fault, Times
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.states import Speed
from route_switcher.policy.load import load_text
from support.watching import Watcher, policy, probe, rule, watched

SILENT, UNPLUGGED, SLOW = Fault
LOSS, LATENCY, JITTER = Measure

THREE = ConsecutiveFailures("internet", 3)
LOSSY = Beyond(LOSS, "internet", 0.2, 30.0)
LATE = Beyond(LATENCY, "internet", 0.1, 30.0)

PHASES = 12


def fails(the_policy: Policy, fault: Fault = SILENT, speed: Speed = Speed.NORMAL) -> Times | None:
    return time_to_fail(watched(the_policy), the_policy.rules[0], fault, speed)


def returns(the_policy: Policy, fault: Fault = SILENT) -> Times | None:
    return time_to_return(watched(the_policy), the_policy.rules[0], fault)


# By hand.


def test_three_failures_once_a_second_take_three_to_four_seconds() -> None:
    # Up to 1 s to the next round, 2 s to the third, 1 s for its timeout.
    assert fails(policy(rule(THREE))) == Times(3.5, 4.0)


def test_three_echoes_every_20_ms_take_no_longer_than_80_ms() -> None:
    text = """\
version: 1
uplinks: {a: {interface: eth0, gateway: 198.51.100.1}}
probes: {path: {type: echo, interval: 20ms}}
rules: [{name: path, fail: {failures: 3}}]
"""
    # Up to 20 ms to the next round, 40 ms to the third, 10 ms for its timeout; so 10 ms are left
    # for a machine that is late.
    found = fails(load_text(text, "policy.yaml"))
    assert found is not None
    assert (found.typical, found.worst) == pytest.approx((0.06, 0.07))


def test_the_fast_interval_confirms() -> None:
    fast = policy(rule(THREE), probe(fast=0.25, timeout=0.2))
    assert fails(fast) == Times(0.5 + 0.5 + 0.2, 1.0 + 0.5 + 0.2)


def test_rounds_are_fast_until_the_last_rule_has_made_up_its_mind() -> None:
    rules = (rule(ConsecutiveFailures("internet", 2)), Rule("six", LOSSY, Recover(60.0)))
    slow = policy(rules, probe(fast=0.25, timeout=0.25))
    # After two failures the normal interval again: 1, 1.25, 2.25, … 6.25, which is more than 6 s.
    assert time_to_fail(watched(slow), slow.rules[1], SILENT) == Times(6.25 + 0.25 - 0.5, 6.5)


def test_a_standby_uplink_is_found_late() -> None:
    sparing = policy(rule(THREE), probe(standby=30.0))
    assert fails(sparing, speed=Speed.STANDBY) == Times(15 + 2 + 1, 30 + 2 + 1)


def test_loss_counts_before_the_window_is_full() -> None:
    # More than 20 % of 30 s: the seventh lost second.
    assert fails(policy(rule(LOSSY))) == Times(7.5, 8.0)


def test_latency_and_jitter_do_not_see_an_outage() -> None:
    for measure in (LATENCY, JITTER):
        slow = policy(rule(Beyond(measure, "internet", 0.1, 30.0)))
        assert fails(slow) is None
        assert fails(slow, UNPLUGGED) is None
        assert returns(slow) is None
        # Half a window of twice the limit; at the worst a whole one, and a timeout.
        assert fails(slow, SLOW) == Times(15 - 0.5 + 0.2, 31.0)


def test_a_limit_above_the_timeout_is_never_exceeded() -> None:
    slow = policy(rule(Beyond(LATENCY, "internet", 1.0, 30.0)))
    assert all(fails(slow, fault) is None for fault in Fault)


def test_the_carrier_is_seen_at_once_and_silence_never() -> None:
    unplugged = policy(rule(CarrierDown()))
    assert fails(unplugged, UNPLUGGED) == Times(0.0, 0.0)
    assert fails(unplugged) is None
    assert fails(policy(rule(CarrierDown(for_seconds=2.0))), UNPLUGGED) == Times(2.0, 2.0)


def test_any_takes_the_first_and_all_the_last() -> None:
    five = ConsecutiveFailures("internet", 5)
    assert fails(policy(rule(AnyOf((THREE, five))))) == Times(3.5, 4.0)
    assert fails(policy(rule(AllOf((THREE, five))))) == Times(5.5, 6.0)
    assert fails(policy(rule(AnyOf((THREE, five), for_seconds=4.0)))) == Times(7.5, 8.0)
    assert fails(policy(rule(AllOf((THREE, CarrierDown()))))) is None
    assert fails(policy(rule(AllOf((THREE, CarrierDown())))), UNPLUGGED) == Times(3.5, 4.0)


def test_sixty_stable_seconds_take_a_round_more() -> None:
    # Up to 1 s to the first good round, 60 s covered, up to 1 s for the last answer.
    assert returns(policy(rule(THREE))) == Times(60.5, 62.0)


def test_a_failed_uplink_is_looked_at_rarely() -> None:
    assert returns(policy(rule(THREE), probe(down=10.0))) == Times(5 + 60, 10 + 60 + 1)


def test_what_is_never_failed_by_a_fault_does_not_return_from_it() -> None:
    assert returns(policy(rule(CarrierDown()))) is None
    assert returns(policy(rule(THREE)), SLOW) is None


def test_for_is_seen_through_sparse_rounds() -> None:
    sparse = policy(rule(ConsecutiveFailures("internet", 3, for_seconds=10.0)), probe(standby=30.0))
    assert fails(sparse) == Times(13.5, 14.0)
    assert fails(sparse, speed=Speed.STANDBY) == Times(28.0, 43.0)


# Against the world.


@dataclass(frozen=True)
class Case:
    policy: Policy
    fault: Fault = SILENT


LOSES_LESS = Within(LOSS, "internet", 0.02, 60.0)

CASES = {
    "failures": Case(policy(rule(THREE))),
    "confirmed": Case(policy(rule(THREE), probe(fast=0.25, timeout=0.25))),
    "down-interval": Case(policy(rule(THREE), probe(down=5.0))),
    "down-interval-below-a-break": Case(policy(rule(THREE), probe(down=2.5))),
    "loss": Case(policy(rule(LOSSY))),
    "loss-recovers-by-loss": Case(policy(rule(LOSSY, 10.0, LOSES_LESS), probe(down=4.0))),
    "stable-0": Case(policy(rule(LOSSY, 0.0, LOSES_LESS))),
    "for": Case(policy(rule(ConsecutiveFailures("internet", 3, for_seconds=7.3)))),
    "recover-for": Case(
        policy(
            rule(LOSSY, 10.0, Within(LOSS, "internet", 0.02, 60.0, for_seconds=5.5)),
            probe(down=7.0),
        )
    ),
    "successes": Case(policy(rule(THREE, 2.0, ConsecutiveSuccesses("internet", 20)))),
    "two-rules": Case(
        policy((rule(THREE), Rule("lossy", LOSSY, Recover(20.0))), probe(down=5.0)),
    ),
    "any-of-two-probes": Case(
        policy(
            rule(AnyOf((ConsecutiveFailures("internet", 4), ConsecutiveFailures("office", 2)))),
            probe(down=3.0),
            probe("office", 1.7, first=9, down=4.0),
        )
    ),
    "all-of-two-probes": Case(
        policy(
            rule(AllOf((ConsecutiveFailures("internet", 4), ConsecutiveFailures("office", 2)))),
            probe(),
            probe("office", 1.7, first=9),
        )
    ),
    "carrier": Case(policy(rule(CarrierDown(for_seconds=2.0), 10.0, CarrierUp())), UNPLUGGED),
    "latency": Case(policy(rule(LATE, 20.0)), SLOW),
    "latency-recovers-by-latency": Case(
        policy(rule(LATE, 20.0, Within(LATENCY, "internet", 0.05, 40.0)), probe(down=3.0)), SLOW
    ),
}


def seen(case: Case) -> Iterator[tuple[float, float, float]]:
    """Round-trip time, and the times to fail and to return, over phases that are spread evenly."""
    timeout = case.policy.probes[0].timeout
    slows = (0.2, 0.101, 0.95) if case.fault is SLOW else (0.0,)
    rtts = (0.001,) if case.fault is SLOW else (0.001, 0.99 * timeout)
    for rtt in rtts:
        for slow in slows:
            for number in range(PHASES):
                # 17 s and 30 s hold whole numbers of all intervals, or nearly so.
                at = 70 + 17 * (number + 0.5) / PHASES
                lasts = 100 + 30 * (number * 0.618034 % 1)
                yield slow or rtt, *Watcher(case.policy, rtt).seen(case.fault, at, lasts, slow)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_worst_is_never_exceeded_and_nearly_reached_and_the_typical_is_the_mean(
    case: Case,
) -> None:
    computed = fails(case.policy, case.fault), returns(case.policy, case.fault)
    measured = list(seen(case))
    typical = [m for m in measured if m[0] in (0.001, 0.2)]
    for column, times in enumerate(computed, 1):
        assert times is not None
        values = [m[column] for m in measured]
        assert inf not in values
        assert max(values) <= times.worst + 1e-6
        slack = max(p.interval for p in case.policy.probes)
        reached = 0.9 * times.worst if case.fault is SLOW else times.worst - slack
        assert max(values) >= reached - 1e-6
        mean = sum(m[column] for m in typical) / len(typical)
        assert mean == pytest.approx(times.typical, rel=0.05, abs=0.1)


def test_a_standby_uplink_takes_as_long_as_computed() -> None:
    sparing = policy(rule(THREE, 10.0), probe(standby=10.0))
    times = time_to_fail(watched(sparing, "secondary"), sparing.rules[0], SILENT, Speed.STANDBY)
    assert times is not None
    measured = [
        Watcher(sparing, uplink="secondary").seen(SILENT, 70 + 10 * n / PHASES, 60)[0]
        for n in range(PHASES)
    ]
    assert times.worst - 0.5 <= max(measured) <= times.worst
    assert sum(measured) / PHASES == pytest.approx(times.typical, rel=0.05)
