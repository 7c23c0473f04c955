"""The life of a rule: every transition, the two clocks, and what must not move them."""

from dataclasses import replace
from ipaddress import ip_address
from itertools import product

import pytest

from route_switcher.core.health.rule_health import RuleHealth
from route_switcher.core.health.rule_states import TRANSITIONS, Signal
from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.events import LinkState, Round
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from support.histories import new_windows
from support.keys import v4
from support.pinging import pinging, target

UP = LinkState("eth0")
DOWN = LinkState("eth0", carrier=False)
GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN


PRIMARY = Uplink("primary", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4)


def probe(interval: float = 1.0) -> Probe:
    targets = (target("203.0.113.1"),)
    return pinging("internet", *targets, interval=interval)


def rule(state: RuleState = RuleState.OK, failures: int = 3, stable: float = 10.0) -> RuleHealth:
    counting = Rule("no-internet", ConsecutiveFailures("internet", failures), Recover(stable))
    return RuleHealth(PRIMARY, counting, (probe(),), UP, new_windows(probe()), state)


def carrier_rule(state: RuleState = RuleState.OK, stable: float = 10.0) -> RuleHealth:
    unplugged = Rule("unplugged", CarrierDown(), Recover(stable))
    return RuleHealth(PRIMARY, unplugged, (probe(),), UP, new_windows(probe()), state)


def restart(health: RuleHealth, changed: Rule, interval: float = 1.0) -> None:
    health.restart(changed, (probe(interval),), new_windows(probe(interval)))


def tell(health: RuleHealth, outcome: RoundOutcome, *times: float) -> list[str]:
    states = []
    for time in times:
        health.on_round(Round(time + 0.1, v4("primary"), "internet", time, outcome, (), "lost"))
        states.append(health.state.value)
    return states


def test_the_table_names_every_pair_but_stability_of_what_is_not_recovering() -> None:
    missing = {pair for pair in product(RuleState, Signal) if pair not in TRANSITIONS}
    expected = {
        (state, Signal.RECOVERED) for state in RuleState if state is not RuleState.RECOVERING
    }
    assert missing == expected


@pytest.mark.parametrize(("before", "signal"), TRANSITIONS)
def test_a_transition_ends_where_its_signal_says(before: RuleState, signal: Signal) -> None:
    after = TRANSITIONS[before, signal]
    match signal:
        case Signal.CONDITION_HELD:
            assert after is RuleState.FAILED
        case Signal.ROUND_FAILED:
            assert after is before
        case Signal.RECOVERED:
            assert after is RuleState.OK
        case Signal.REQUIRE_RECOVERY:
            expected = RuleState.RECOVERING if before is RuleState.UNKNOWN else before
            assert after is expected
        case Signal.GOOD:
            trusted = before in (RuleState.UNKNOWN, RuleState.OK)
            assert after is (RuleState.OK if trusted else RuleState.RECOVERING)


def test_the_table_is_what_is_consulted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TRANSITIONS, (RuleState.OK, Signal.ROUND_FAILED))
    with pytest.raises(KeyError):
        tell(rule(), FAILED, 1)


def test_the_third_failed_round_in_a_row_fails() -> None:
    assert tell(rule(), FAILED, 1, 2, 3) == ["ok", "ok", "failed"]


def test_a_good_round_ends_the_run_of_failures() -> None:
    health = rule()
    tell(health, FAILED, 1, 2)
    tell(health, GOOD, 3)
    assert tell(health, FAILED, 4, 5, 6) == ["ok", "ok", "failed"]
    assert health.failing_since == 4


def test_unknown_rounds_neither_count_nor_interrupt() -> None:
    health = rule()
    tell(health, FAILED, 1, 2)
    assert tell(health, UNKNOWN, 3, 4) == ["ok", "ok"]
    assert tell(health, FAILED, 5) == ["failed"]
    assert health.failing_since == 1


def test_stability_is_the_time_between_sendings_that_good_rounds_cover() -> None:
    health = rule(RuleState.FAILED, stable=10)
    states = tell(health, GOOD, *range(100, 111))
    assert states == ["recovering"] * 10 + ["ok"]


def test_a_failed_round_starts_stability_anew_but_does_not_fail_a_recovering_rule() -> None:
    health = rule(RuleState.FAILED, stable=10)
    tell(health, GOOD, *range(100, 109))
    assert tell(health, FAILED, 109) == ["recovering"]
    assert tell(health, GOOD, *range(110, 121))[-2:] == ["recovering", "ok"]


def test_three_failures_fail_a_recovering_rule() -> None:
    health = rule(RuleState.RECOVERING)
    tell(health, GOOD, 1)
    assert tell(health, FAILED, 2, 3, 4) == ["recovering", "recovering", "failed"]


@pytest.mark.parametrize(("gap", "state"), [(3.0, "ok"), (3.1, "recovering")])
def test_a_gap_without_known_rounds_starts_stability_anew(gap: float, state: str) -> None:
    health = rule(RuleState.FAILED, stable=10)
    tell(health, GOOD, *range(8))
    tell(health, UNKNOWN, 8, 9)
    assert tell(health, GOOD, 7 + gap)[-1] == state


def test_no_stable_time_recovers_with_the_first_good_round() -> None:
    health = rule(RuleState.FAILED, stable=0)
    changes = health.on_round(Round(1.1, v4("primary"), "internet", 1, GOOD))
    assert [c.after.value for c in changes] == ["recovering", "ok"]


def test_a_carrier_rule_fails_at_once_and_recovers_by_good_rounds() -> None:
    health = carrier_rule(stable=2)
    (change,) = health.on_link(DOWN, 5.0)
    assert (change.after, change.evidence) == (RuleState.FAILED, "eth0 has no carrier")
    assert health.failing_since == 5.0
    assert health.on_link(UP, 6.0) == []
    assert tell(health, GOOD, 7, 8, 9) == ["recovering", "recovering", "ok"]


def test_an_answer_from_before_the_link_went_does_not_recover_a_carrier_rule() -> None:
    health = carrier_rule()
    health.on_link(DOWN, 5.0)
    assert health.on_round(Round(5.1, v4("primary"), "internet", 4.9, GOOD)) == []
    assert health.state is RuleState.FAILED


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (LinkState("eth0", present=False, up=False, carrier=False), "interface eth0 is missing"),
        (LinkState("eth0", up=False, carrier=False), "eth0 is down"),
        (LinkState("eth0", carrier=False), "eth0 has no carrier"),
    ],
)
def test_the_evidence_names_what_is_wrong_with_the_link(link: LinkState, words: str) -> None:
    (change,) = carrier_rule().on_link(link, 1.0)
    assert change.evidence == words


def test_an_answer_to_a_round_from_before_the_loss_counts_no_more_when_the_link_is_back() -> None:
    health = carrier_rule()
    health.on_link(DOWN, 5.0)
    health.on_link(UP, 5.05)
    assert health.on_round(Round(5.1, v4("primary"), "internet", 4.9, GOOD)) == []
    assert health.state is RuleState.FAILED


def test_a_failed_round_starts_the_stability_of_a_carrier_rule_anew() -> None:
    health = carrier_rule(stable=5)
    health.on_link(DOWN, 0.0)
    health.on_link(UP, 0.5)
    tell(health, GOOD, 1, 2, 3, 4)
    tell(health, FAILED, 5)
    assert tell(health, GOOD, *range(6, 12)) == ["recovering"] * 5 + ["ok"]


def test_a_rule_counts_its_own_probe_and_a_carrier_rule_any() -> None:
    probes = (probe(), replace(probe(), name="other"))
    link_only = Rule("unplugged", CarrierDown(), Recover(10.0))
    windows = new_windows(*probes)
    counting = RuleHealth(PRIMARY, rule().rule, probes, UP, windows, RuleState.OK)
    assert not counting.counts("other")
    assert RuleHealth(PRIMARY, link_only, probes, UP, windows, RuleState.OK).counts("other")


def test_the_loss_of_a_link_is_remembered_from_its_first_news() -> None:
    health = carrier_rule()
    health.on_link(DOWN, 5.0)
    health.on_link(DOWN, 9.0)
    assert health.failing_since == 5.0


def test_exactly_the_stable_time_is_enough() -> None:
    health = rule(RuleState.FAILED, stable=10)
    health.on_round(Round(100.0, v4("primary"), "internet", 100.0, GOOD))
    for at in range(103, 110, 3):
        health.on_round(Round(at, v4("primary"), "internet", at, GOOD))
    (change,) = health.on_round(Round(110.0, v4("primary"), "internet", 109.9, GOOD))
    assert change.after is RuleState.OK


def test_a_counting_rule_has_no_opinion_on_links() -> None:
    health = rule()
    assert health.on_link(DOWN, 1.0) == []
    assert health.state is RuleState.OK


def test_a_carrier_rule_counts_no_failed_rounds() -> None:
    assert tell(carrier_rule(), FAILED, *range(10)) == ["ok"] * 10


def test_a_changed_rule_keeps_its_state_and_starts_counting_anew() -> None:
    health = rule()
    tell(health, FAILED, 1, 2)
    restart(health, Rule("no-internet", ConsecutiveFailures("internet", 2), Recover(5)))
    assert tell(health, FAILED, 3, 4) == ["ok", "failed"]
    restart(health, Rule("no-internet", ConsecutiveFailures("internet", 9), Recover(3)))
    assert health.state is RuleState.FAILED
    assert tell(health, GOOD, 5, 6, 7, 8)[-2:] == ["recovering", "ok"]


def test_a_changed_rule_covers_its_stable_time_anew_and_by_the_new_gap() -> None:
    health = rule(RuleState.FAILED, stable=10)
    tell(health, GOOD, *range(9))
    restart(health, health.rule, interval=2.0)
    assert health.stable_for == 0.0
    assert tell(health, GOOD, 9, 14, 19) == ["recovering", "recovering", "ok"]


def test_a_changed_rule_forgets_a_run_of_failures_that_did_not_fail_it() -> None:
    health = rule()
    tell(health, FAILED, 1, 2)
    restart(health, health.rule)
    tell(health, FAILED, 10, 11, 12)
    assert health.failing_since == 10


def test_a_failed_carrier_rule_remembers_over_a_change_when_the_link_was_lost() -> None:
    health = carrier_rule()
    health.on_link(DOWN, 5.0)
    restart(health, health.rule)
    assert health.on_round(Round(5.1, v4("primary"), "internet", 4.9, GOOD)) == []
    assert health.failing_since == 5.0
