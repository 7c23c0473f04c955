"""The health of one uplink: several probes, news of the link, and what a new policy keeps."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.events import LinkState, Round
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.states import RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from support.keys import v4
from support.pinging import pinging, target

GOOD, FAILED = RoundOutcome.GOOD, RoundOutcome.FAILED
PRIMARY = Uplink("primary", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4)
UP = LinkState("eth0")
DOWN = LinkState("eth0", carrier=False)
# Their longest gaps are 3 and 21 seconds.
NEAR = pinging("near", target("203.0.113.1"))
FAR = pinging("far", target("203.0.113.2"), interval=10)
NEAR_LOST = Rule("near-lost", ConsecutiveFailures("near", 3), Recover(10))
FAR_LOST = Rule("far-lost", ConsecutiveFailures("far", 3), Recover(10))
UNPLUGGED = Rule("unplugged", CarrierDown(), Recover(20))
NO_SUSPECTS: dict[str, set[Target]] = {"near": set(), "far": set()}
BOTH = Policy((PRIMARY,), (NEAR, FAR), (NEAR_LOST, FAR_LOST, UNPLUGGED), ignore_linkdown=False)


def health(policy: Policy = BOTH, trusted: bool = True) -> UplinkHealth:
    return UplinkHealth(PRIMARY, policy, UP, trusted, NO_SUSPECTS)


def tell(it: UplinkHealth, probe: Probe, outcome: RoundOutcome, *times: float) -> None:
    for at in times:
        it.on_round(Round(at, v4("primary"), probe.name, at, outcome, (), "lost"))


def proven(policy: Policy = BOTH) -> UplinkHealth:
    it = health(policy)
    for probe in policy.probes:
        tell(it, probe, GOOD, 100)
    return it


# Several probes.


def test_a_rule_is_judged_by_the_rounds_of_its_own_probe_only() -> None:
    it = proven()
    tell(it, NEAR, FAILED, 101, 102, 103)
    assert it.failed_rules() == ("near-lost",)


def test_an_uplink_answers_only_if_the_latest_round_of_every_probe_is_good() -> None:
    it = health()
    tell(it, NEAR, GOOD, 100)
    assert it.why_not(100)
    tell(it, FAR, GOOD, 100)
    assert not it.why_not(100)
    tell(it, FAR, FAILED, 101)
    assert it.why_not(101)


def test_an_answer_holds_for_the_longest_gap_of_its_probe() -> None:
    it = proven()
    assert not it.why_not(103)
    assert it.why_not(103.1)
    tell(it, NEAR, GOOD, 121.5)
    assert it.why_not(121.5)


def test_an_answer_counts_from_the_sending_of_its_round() -> None:
    one = replace(BOTH, probes=(NEAR,), rules=(NEAR_LOST,))
    it = health(one)
    it.on_round(Round(100.9, v4("primary"), "near", 100, GOOD))
    assert not it.why_not(101, since=100)
    assert it.why_not(101, since=100.5)


def test_the_evidence_of_a_healthy_uplink_does_not_hide_a_failed_round() -> None:
    it = proven()
    tell(it, NEAR, FAILED, 101)
    assert it.evidence() == "primary is healthy (but its latest round failed)"


def test_the_rare_rounds_of_one_probe_are_no_gap_of_a_carrier_rule() -> None:
    it = health(replace(BOTH, rules=(UNPLUGGED,)), trusted=False)
    states = []
    for at in (0, 10, 20):
        tell(it, FAR, GOOD, at)
        states.append(it.state.value)
    assert states == ["recovering", "recovering", "healthy"]


def test_the_trouble_began_when_the_last_of_the_failed_rules_began_to_fail() -> None:
    it = proven()
    tell(it, NEAR, FAILED, 101, 102, 103)
    it.on_link(DOWN, 105)
    assert it.failing_since == 105


# The link.


def test_an_uplink_without_an_address_of_its_family_has_no_route() -> None:
    it = health()
    it.on_link(LinkState("eth0", families=frozenset({Family.IPV6})), 1)
    assert not it.routable
    it.on_link(LinkState("eth0", families=frozenset({Family.IPV4})), 2)
    assert it.routable


# A new policy.


@pytest.mark.parametrize(
    ("probes", "answers"), [((NEAR, FAR), True), ((replace(NEAR, timeout=0.5), FAR), False)]
)
def test_an_answer_to_a_probe_counts_until_that_probe_changes(
    probes: tuple[Probe, ...], answers: bool
) -> None:
    it = proven()
    it.apply_policy(PRIMARY, BOTH, replace(BOTH, probes=probes), NO_SUSPECTS, 0.0)
    assert (it.why_not(100) == "") == answers


@pytest.mark.parametrize(
    ("probes", "state"),
    [
        ((NEAR, FAR), UplinkState.FAILED),
        ((NEAR, replace(FAR, timeout=0.5)), UplinkState.FAILED),
        ((replace(NEAR, timeout=0.5), FAR), UplinkState.HEALTHY),
    ],
    ids=["nothing changed", "the other probe changed", "its probe changed"],
)
def test_a_rule_counts_on_over_a_reload_unless_its_probe_changed(
    probes: tuple[Probe, ...], state: UplinkState
) -> None:
    it = proven()
    tell(it, NEAR, FAILED, 101, 102)
    it.apply_policy(PRIMARY, BOTH, replace(BOTH, probes=probes), NO_SUSPECTS, 0.0)
    tell(it, NEAR, FAILED, 103)
    assert it.state is state


def test_an_uplink_is_no_longer_held_back_by_a_rule_that_left_the_policy() -> None:
    it = proven()
    tell(it, NEAR, FAILED, 101, 102, 103)
    it.apply_policy(PRIMARY, BOTH, replace(BOTH, rules=(FAR_LOST, UNPLUGGED)), NO_SUSPECTS, 0.0)
    assert it.state is UplinkState.HEALTHY


@pytest.mark.parametrize("rounds", [FAILED, GOOD], ids=["failed", "recovering"])
def test_a_new_rule_does_not_make_an_uplink_healthy_that_was_held_back(
    rounds: RoundOutcome,
) -> None:
    old = replace(BOTH, rules=(NEAR_LOST,))
    it = health(old)
    tell(it, NEAR, FAILED, 101, 102, 103)
    tell(it, NEAR, rounds, 104)
    it.apply_policy(PRIMARY, old, replace(BOTH, rules=(FAR_LOST,)), NO_SUSPECTS, 0.0)
    tell(it, FAR, GOOD, 110)
    assert it.state is UplinkState.RECOVERING


def test_a_probe_that_a_reload_changed_has_not_failed_before_its_first_round() -> None:
    it = proven()
    changed = replace(BOTH, probes=(replace(NEAR, timeout=0.5), FAR))
    it.apply_policy(PRIMARY, BOTH, changed, NO_SUSPECTS, 0.0)
    assert "its latest round failed" not in it.evidence()
    tell(it, NEAR, FAILED, 200)
    assert it.evidence() == "primary is healthy (but its latest round failed)"
