"""Conditions of every kind, alone and in trees, in the rules that are made of them."""

from dataclasses import replace
from math import inf

from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Within,
)
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from support.histories import (
    DOWN,
    FAILED,
    GOOD,
    JITTER,
    LATENCY,
    LOSS,
    TARGET,
    UNKNOWN,
    UP,
    A,
    LoneRule,
    let_time_pass,
    new_windows,
    rule_health,
)
from support.keys import v4


def tell(
    health: LoneRule,
    outcome: RoundOutcome,
    *times: float,
    probe: str = "a",
    rtt: float = 0.05,
) -> list[str]:
    states = []
    for at in times:
        let_time_pass(health, at)
        answer = Answer(TARGET, rtt if outcome is GOOD else None)
        health.on_round(Round(at, v4("fibre"), probe, at, outcome, (answer,), "lost"))
        states.append(health.state.value)
    return states


def on_fail(condition: Condition, stable: float = 0.0, *probes: Probe) -> LoneRule:
    return rule_health(Rule("r", condition, Recover(stable)), *probes)


NEVER = ConsecutiveFailures("a", 99)


def on_recover(condition: Condition | None, stable: float = 0.0) -> LoneRule:
    return rule_health(Rule("r", NEVER, Recover(stable, condition)), state=RuleState.RECOVERING)


def every(begin: float, end: float, step: float = 1.0) -> list[float]:
    return [begin + step * n for n in range(round((end - begin) / step))]


def test_loss_fails_a_rule_when_the_window_must_exceed_it() -> None:
    health = on_fail(Beyond(LOSS, "a", 0.2, 10.0))
    tell(health, GOOD, *every(0, 20))
    assert tell(health, FAILED, 20, 21, 22) == ["ok", "ok", "failed"]
    assert health.evidence == "loss 30 % over 10 s"
    assert health.failing_since == 20


def test_latency_fails_a_rule_when_its_mean_is_above() -> None:
    health = on_fail(Beyond(LATENCY, "a", 0.25, 4.0))
    tell(health, GOOD, *every(0, 6), rtt=0.2)
    assert tell(health, GOOD, 6, 7, 8, rtt=0.3) == ["ok", "ok", "failed"]
    assert health.evidence == "latency 275 ms over 4 s"


def test_jitter_fails_a_rule_when_answers_differ_by_more_from_one_to_the_next() -> None:
    health = on_fail(Beyond(JITTER, "a", 0.05, 4.0))
    tell(health, GOOD, *every(0, 6), rtt=0.2)
    for at in every(6, 10):
        tell(health, GOOD, at, rtt=0.2 + 0.1 * (at % 2))
    assert health.state is RuleState.FAILED
    assert "jitter" in health.evidence


def test_a_window_that_is_not_full_fails_nothing_but_by_loss() -> None:
    health = on_fail(Beyond(LATENCY, "a", 0.25, 10.0))
    assert set(tell(health, GOOD, *every(0, 10), rtt=3.0)) == {"ok"}
    assert tell(health, GOOD, 10, rtt=3.0) == ["failed"]


def test_any_needs_one_and_all_needs_every_one() -> None:
    parts = (ConsecutiveFailures("a", 2), ConsecutiveFailures("b", 2))
    either, both = on_fail(AnyOf(parts)), on_fail(AllOf(parts))
    for health, states in ((either, ["ok", "failed"]), (both, ["ok", "ok"])):
        assert tell(health, FAILED, 1, 2) == states
    assert tell(both, FAILED, 2.5, 3.5, probe="b") == ["ok", "failed"]
    assert either.evidence == "2 rounds in a row failed: lost"
    assert both.evidence == "2 rounds in a row failed: lost and 2 rounds in a row failed: lost"


def test_groups_nest() -> None:
    inner = AllOf((CarrierDown(), ConsecutiveFailures("b", 1)))
    health = on_fail(AnyOf((ConsecutiveFailures("a", 3), inner)))
    health.on_link(DOWN, 1.0)
    assert health.state is RuleState.OK
    assert tell(health, FAILED, 2, probe="b") == ["failed"]
    assert health.evidence == "eth0 has no carrier and 1 round failed: lost"


def test_what_has_to_hold_for_a_time_fails_at_the_very_moment() -> None:
    health = on_fail(CarrierDown(for_seconds=2.0))
    assert health.on_link(DOWN, 5.0) == []
    assert health.deadline() == 7.0
    assert health.on_time(6.9) == []
    (change,) = health.on_time(7.0)
    assert (change.at, change.after) == (7.0, RuleState.FAILED)
    assert change.evidence == "eth0 has no carrier, for 2 s"
    assert health.failing_since == 5.0
    assert health.deadline() == inf


def test_a_carrier_that_returns_in_time_fails_nothing() -> None:
    health = on_fail(CarrierDown(for_seconds=2.0))
    for at in every(0, 20, 2):
        health.on_link(DOWN, at)
        assert health.on_link(UP, at + 1.9) == []
        assert health.deadline() == inf
    assert health.state is RuleState.OK


def test_a_group_may_have_to_hold_for_a_time() -> None:
    # Now one of the two, now the other: the group holds without a break.
    health = on_fail(
        AnyOf((ConsecutiveFailures("a", 1), ConsecutiveFailures("b", 1)), for_seconds=3.0)
    )
    tell(health, FAILED, 0, probe="a")
    tell(health, FAILED, 1, probe="b")
    tell(health, GOOD, 1.5, probe="a")
    tell(health, FAILED, 2.5, probe="a")
    assert tell(health, GOOD, 2.75, probe="b") == ["ok"]
    assert health.deadline() == 3.0
    assert [c.after for c in health.on_time(3.0)] == [RuleState.FAILED]


def test_a_gap_without_rounds_starts_the_time_anew() -> None:
    health = on_fail(ConsecutiveFailures("a", 1, for_seconds=5.0))
    tell(health, FAILED, 0, 1)
    tell(health, UNKNOWN, 2, 3, 4)
    tell(health, FAILED, 4.5)  # more than two intervals and the timeout after the one before
    assert health.deadline() == 9.5
    assert tell(health, FAILED, 6, 7, 8, 9) == ["ok"] * 4
    health.on_time(9.5)
    assert health.state is RuleState.FAILED


def test_what_was_known_long_ago_does_not_fail_a_rule_by_time_alone() -> None:
    health = on_fail(ConsecutiveFailures("a", 1, for_seconds=10.0))
    tell(health, FAILED, 0)
    assert health.on_time(10.0) == []
    assert health.state is RuleState.OK
    assert health.deadline() == inf


SLOW = replace(A, interval=1.0, timeout=0.25, fast_interval=0.25, standby_interval=30.0)


def test_the_slow_rounds_of_a_standby_uplink_are_no_gap() -> None:
    # Three failures at the fast interval, then the standby interval again: nothing was missed.
    health = on_fail(ConsecutiveFailures("a", 3, for_seconds=10.0), 60.0, SLOW)
    tell(health, GOOD, *every(0, 90, 30))
    tell(health, FAILED, 90, 90.25, 90.5)
    health.on_time(100.5)
    assert health.state is RuleState.FAILED


def test_latency_that_has_to_last_is_found_through_a_standby_uplink() -> None:
    health = on_fail(Beyond(LATENCY, "a", 0.2, 30.0, for_seconds=60.0), 60.0, SLOW)
    assert tell(health, GOOD, *every(0, 600, 30), rtt=0.22)[-1] == "failed"


def test_a_lost_carrier_is_no_news_from_rounds() -> None:
    # Rounds through a standby uplink are rare, and the link is down all the time.
    health = on_fail(CarrierDown(for_seconds=60.0), 60.0, SLOW)
    tell(health, GOOD, 0)
    health.on_link(DOWN, 10.0)
    tell(health, FAILED, 30, 60)
    let_time_pass(health, 71.0)
    assert health.state is RuleState.FAILED


def test_a_lost_carrier_fails_beside_a_condition_on_rounds_that_are_unknown() -> None:
    either = AnyOf((ConsecutiveFailures("a", 3), CarrierDown(for_seconds=30.0)))
    health = on_fail(either, 60.0, A)
    tell(health, GOOD, *every(0, 10))
    health.on_link(DOWN, 10.0)
    tell(health, UNKNOWN, *every(11, 39))
    let_time_pass(health, 41.0)
    assert health.state is RuleState.FAILED


def test_a_failed_uplink_that_answers_too_slowly_does_not_recover_between_rare_rounds() -> None:
    rare = replace(A, timeout=0.25, down_interval=60.0)
    health = on_fail(Beyond(LATENCY, "a", 0.2, 30.0, for_seconds=10.0), 60.0, rare)
    assert tell(health, GOOD, *every(0, 60), rtt=0.22)[-1] == "failed"
    assert set(tell(health, GOOD, *every(60, 600, 60), rtt=0.22)) == {"failed"}


def test_a_good_round_is_no_recovery_while_the_fail_condition_holds() -> None:
    health = on_fail(Beyond(LOSS, "a", 0.2, 10.0), 5.0)
    tell(health, GOOD, *every(0, 20))
    tell(health, FAILED, 20, 21, 22)
    # Three of ten are lost until the one of 20 has left the window.
    assert tell(health, GOOD, *every(23, 30)) == ["failed"] * 7
    assert tell(health, GOOD, 30) == ["recovering"]
    # And the stable time begins only now.
    assert tell(health, GOOD, *every(31, 36)) == ["recovering"] * 4 + ["ok"]


def test_stability_begins_when_the_fail_condition_has_stopped() -> None:
    health = on_fail(Beyond(LATENCY, "a", 0.2, 4.0), 3.0)
    tell(health, GOOD, *every(0, 10), rtt=0.1)
    assert tell(health, GOOD, *every(10, 14), rtt=0.3)[-1] == "failed"
    assert health.stable_for == 0.0
    states = tell(health, GOOD, *every(14, 24), rtt=0.1)
    first = states.index("recovering")
    assert states[first : first + 4] == ["recovering"] * 3 + ["ok"]


def test_the_fail_condition_alone_decides_whether_a_recovering_rule_fails_again() -> None:
    health = on_fail(ConsecutiveFailures("a", 3), 10.0)
    tell(health, FAILED, 0, 1, 2)
    assert tell(health, GOOD, 3) == ["recovering"]
    assert tell(health, FAILED, 4, 5, 6) == ["recovering", "recovering", "failed"]


def test_successes_in_a_row_recover() -> None:
    health = on_recover(ConsecutiveSuccesses("a", 3))
    tell(health, GOOD, 0, 1)
    tell(health, FAILED, 2)
    tell(health, UNKNOWN, 2.5)
    assert tell(health, GOOD, 3, 4, 5) == ["recovering", "recovering", "ok"]
    assert health.evidence == "good rounds for 2.0 s, 3 good rounds in a row"


def test_loss_within_a_limit_recovers_though_single_rounds_fail() -> None:
    health = on_recover(Within(LOSS, "a", 0.1, 20.0))
    for at in every(0, 21):
        tell(health, FAILED if at == 15 else GOOD, at)
    assert health.state is RuleState.OK
    assert health.evidence == "good rounds for 4.0 s, loss 5 % over 20 s"


def test_latency_and_jitter_within_a_limit_recover_once_the_window_is_full() -> None:
    both = AllOf((Within(LATENCY, "a", 0.1, 5.0), Within(JITTER, "a", 0.01, 5.0)))
    health = on_recover(both)
    assert tell(health, GOOD, *every(0, 6), rtt=0.1) == ["recovering"] * 5 + ["ok"]


def test_carrier_up_for_a_time_recovers() -> None:
    rule = Rule("r", CarrierDown(), Recover(0.0, CarrierUp(for_seconds=5.0)))
    health = rule_health(rule, A)
    health.on_link(DOWN, 10.0)
    health.on_link(UP, 12.5)
    assert tell(health, GOOD, *every(13, 19)) == ["recovering"] * 5 + ["ok"]


def test_a_recover_condition_that_must_last_counts_between_rounds_without_a_break() -> None:
    health = on_recover(Within(LATENCY, "a", 0.1, 2.0, for_seconds=3.0))
    assert tell(health, GOOD, *every(0, 5), rtt=0.1) == ["recovering"] * 5
    assert tell(health, GOOD, 5, rtt=0.1) == ["ok"]
    again = on_recover(Within(LATENCY, "a", 0.1, 2.0, for_seconds=3.0))
    tell(again, GOOD, *every(0, 4), rtt=0.1)
    tell(again, GOOD, 4, rtt=0.5)
    assert tell(again, GOOD, *every(5, 10), rtt=0.1) == ["recovering"] * 4 + ["ok"]


def test_any_of_two_recovers_by_either() -> None:
    health = on_recover(AnyOf((ConsecutiveSuccesses("a", 9), ConsecutiveSuccesses("b", 2))))
    tell(health, GOOD, 0, 1, probe="b")
    assert health.state is RuleState.OK


def test_stability_is_broken_by_a_failed_round_of_any_of_its_probes() -> None:
    parts = (ConsecutiveFailures("a", 3), ConsecutiveFailures("b", 3))
    rule = Rule("r", AllOf(parts), Recover(5.0))
    health = rule_health(rule, state=RuleState.RECOVERING)
    for at in every(0, 5):
        tell(health, GOOD, at, probe="a")
        tell(health, FAILED if at == 3 else GOOD, at + 0.5, probe="b")
    assert health.state is RuleState.RECOVERING
    assert tell(health, GOOD, 5, 6, 7, 8, 9)[-1] == "ok"


def test_the_trouble_began_with_the_first_failed_round_though_another_probe_answers() -> None:
    either = AnyOf((ConsecutiveFailures("a", 3), ConsecutiveFailures("b", 3)))
    health = on_fail(either)
    for at in (1, 2, 3):
        tell(health, FAILED, at, probe="a")
        tell(health, GOOD, at + 0.5, probe="b")
    assert health.state is RuleState.FAILED
    assert health.failing_since == 1


def test_an_answer_after_the_verdict_repairs_the_window_and_no_counter() -> None:
    both = AnyOf((ConsecutiveFailures("a", 4), Beyond(LOSS, "a", 0.2, 10.0)))
    health = on_fail(both)
    tell(health, GOOD, *every(0, 20))
    for at in (20, 21, 22):
        tell(health, FAILED, at)
        late = Answers(at + 1.5, v4("fibre"), "a", at, (Answer(TARGET, 1.5),))
        health.on_answers(late)
    assert health.state is RuleState.OK
    assert tell(health, FAILED, 23) == ["failed"]
    assert health.evidence == "4 rounds in a row failed: lost"


def test_what_a_changed_rule_was_waiting_for_starts_anew() -> None:
    health = on_fail(CarrierDown(for_seconds=5.0), 0.0, A)
    health.on_link(DOWN, 10.0)
    health.restart(Rule("r", CarrierDown(for_seconds=8.0), Recover(0.0)), (A,), new_windows(A))
    health.on_link(DOWN, 12.0)
    assert health.deadline() == 20.0
    let_time_pass(health, 19.9)
    assert health.deadline() == 20.0
    let_time_pass(health, 20.0)
    assert health.state is RuleState.FAILED
