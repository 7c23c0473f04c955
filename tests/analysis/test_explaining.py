"""Policies in sentences: every number is there, plurals are right, lines are short."""

import re
from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.analysis.figures.policy_figures import figures_of
from route_switcher.analysis.prose.clauses import clause
from route_switcher.analysis.prose.diagram import diagram
from route_switcher.analysis.prose.figures_in_words import figures_in_words
from route_switcher.analysis.prose.sentences import explain
from route_switcher.core.health.rule_states import TRANSITIONS
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
from route_switcher.core.vocabulary.policy import Damping, HoldBack, Policy
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.policy.load import load, load_text, shipped_policies
from support.watching import UPLINKS, policy, probe, rule

THREE = ConsecutiveFailures("internet", 3)
LOSSY = Beyond(Measure.LOSS, "internet", 0.2, 30.0)
LATE = Beyond(Measure.LATENCY, "internet", 0.25, 30.0)
UNPLUGGED = "its interface has no carrier, is down, or is missing"


def said(the_policy: Policy) -> str:
    """All of it, on one line."""
    return " ".join(" ".join(explain(the_policy)).split())


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (THREE, "3 rounds in a row have failed"),
        (ConsecutiveFailures("internet", 1), "a round has failed"),
        (ConsecutiveSuccesses("internet", 5), "5 rounds in a row were good"),
        (ConsecutiveSuccesses("internet", 1), "a round was good"),
        (LOSSY, "more than 20 % is lost to 192.0.2.1 over 30 s"),
        (Within(Measure.LOSS, "internet", 0, 60.0), "nothing is lost to 192.0.2.1 over 60 s"),
        (LATE, "the round trip to 192.0.2.1 takes more than 250 ms in the mean over 30 s"),
        (
            Within(Measure.JITTER, "internet", 0.05, 30.0),
            "round trips to 192.0.2.1 differ by at most 50 ms from one to the next in the mean over"
            " 30 s",
        ),
        (CarrierDown(2.0), f"{UNPLUGGED}, for 2 s without a break"),
        (CarrierUp(), "its interface is up and has a carrier"),
        (AnyOf((THREE, CarrierDown())), f"3 rounds in a row have failed, or {UNPLUGGED}"),
        (
            AllOf((AnyOf((THREE, LOSSY)), LATE), 5.0),
            "((3 rounds in a row have failed, or more than 20 % is lost to 192.0.2.1 over 30 s),"
            " and the round trip to 192.0.2.1 takes more than 250 ms in the mean over 30 s),"
            " for 5 s without a break",
        ),
    ],
)
def test_a_condition_is_part_of_a_sentence(condition: Condition, words: str) -> None:
    assert clause(condition, policy(rule(THREE))) == words


def test_it_is_clear_which_part_must_have_held() -> None:
    held = replace(THREE, for_seconds=10.0)
    assert clause(AnyOf((CarrierDown(), held)), policy(rule(THREE))) == (
        f"{UNPLUGGED}, or (3 rounds in a row have failed, for 10 s without a break)"
    )


def test_a_quorum_says_for_how_many_targets() -> None:
    recovered = Within(Measure.LOSS, "internet", 0.02, 60.0)
    expected: dict[str | int, tuple[str, str]] = {
        "any": ("every target", "a target"),
        "all": ("a target", "every target"),
        2: ("so many targets that fewer than 2 are left", "2 targets or more"),
    }
    for quorum, (failing, recovering) in expected.items():
        three = policy(rule(THREE), probe(targets=3, quorum=quorum))
        assert clause(LOSSY, three) == f"more than 20 % is lost to {failing} over 30 s"
        assert clause(recovered, three) == f"at most 2 % is lost to {recovering} over 60 s"


def test_the_minimal_policy_in_words() -> None:
    text = said(
        load_text(
            "version: 1\n"
            "uplinks:\n"
            "  primary: {interface: eth0, gateway: 192.168.1.1}\n"
            "  secondary: {interface: eth1, gateway: 192.168.2.1}\n",
            "policy.yaml",
        )
    )
    for sentence in (
        "IPv4 traffic leaves through the first of these that is healthy:",
        "1. primary: eth0, by 192.168.1.1, at metric 10",
        "internet: every second, 8.8.8.8 is pinged through both uplinks, active or not. A round is"
        " good if it answers within 1 s. That takes 228 MB a month through an uplink.",
        "no-internet: an uplink fails when 3 rounds in a row have failed. The rule is ok again when"
        " all rounds were good for 60 s. It detects a silent outage after 3.5 s (at most 4 s), and"
        " is ok again 60.5 s (at most 62 s) after the fault ends.",
        "It detects a lost carrier at once,",
        "If none answers, the traffic stays where it is",
        "the traffic returns to it at once.",
        "If 1 % or 5 % of the packets are lost",
        "* 2.6 times a month at 1 %, 293 times a month at 5 %",
    ):
        assert sentence in text


def test_of_uplinks_that_differ_the_slowest_is_named() -> None:
    slow = "{interface: eth1, gateway: 192.168.2.1, probes: {internet: {interval: 10s}}}"
    text = (
        "version: 1\n"
        "uplinks:\n"
        "  primary: {interface: eth0, gateway: 192.168.1.1}\n"
        f"  secondary: {slow}\n"
        "probes: {internet: {type: icmp, targets: [8.8.8.8], interval: 1s}}\n"
    )
    differing, alike = load_text(text, "it"), load_text(text.replace("10s", "1s"), "it")
    assert "These are the times of secondary, the slowest uplink." in said(differing)
    assert "the slowest uplink" not in said(alike)
    lines = " ".join(figures_in_words(differing, figures_of(differing)))
    assert "the times of no-internet are those of secondary, the slowest uplink" in lines
    assert "slowest" not in " ".join(figures_in_words(alike, figures_of(alike)))


def test_speeds_and_costs_are_told() -> None:
    text = said(
        policy(rule(THREE), probe(targets=2, fast=0.25, timeout=0.25, down=5.0, standby=30.0))
    )
    assert "every 250 ms, until one is good or 3 have failed" in text
    assert (
        "An uplink is probed only every 30 s while it is healthy and on standby and every 5 s while"
        " it has failed. When a round of the active uplink fails, the standby uplinks are probed at"
        " once." in text
    )
    assert "are pinged through both uplinks. A round" in text
    assert "456 MB a month through an uplink, or 15 MB on standby" in text
    assert "(at most 1.75 s, 30.8 s on standby)" in text


def test_a_slower_speed_of_failed_uplinks_alone_spares_none_that_stands_by() -> None:
    text = said(policy(rule(THREE), probe(down=5.0)))
    assert "through both uplinks, active or not. " in text
    assert "of the active uplink fails" not in text


def test_an_uplink_that_is_called_as_its_interface_is_named_once() -> None:
    uplinks = (replace(UPLINKS[0], name="eth0", interface="eth0"), UPLINKS[1])
    text = said(policy(rule(THREE), uplinks=uplinks))
    assert f"1. eth0, by {UPLINKS[0].gateway}, at metric" in text


def test_what_holds_back_is_told() -> None:
    held = HoldBack(120.0, 6, Damping(600.0, 3.0, 1.0, 2400.0))
    text = said(policy(rule(THREE), hold_back=held))
    assert (
        "the traffic returns to it, but not within 2 min of the latest move, or of the start, and"
        " not while the last hour had 6 switches or more, and not while that uplink is damped."
        in text
    )
    assert (
        "halves every 10 min. Above 3 (4 failures in a short time) it is damped"
        " until the penalty is below 1, for 40 min at most" in text
    )
    assert "This never delays a move away from a failed uplink." in text


def test_a_rule_of_some_uplinks_judges_each_by_itself() -> None:
    three = (*UPLINKS, Uplink("third", "eth2", ip_address("192.0.2.3"), 30, Family.IPV4))
    some = replace(rule(THREE), uplinks=(UPLINKS[0].name, UPLINKS[1].name))
    whom = f"{UPLINKS[0].name} or {UPLINKS[1].name} fails when 3 rounds in a row have failed"
    assert whom in said(policy(some, uplinks=three))


def test_suspects_are_told_where_there_can_be_any() -> None:
    suspect = "is suspect: its outage is not that of a line"
    assert suspect in said(policy(rule(THREE), probe(targets=2)))
    assert suspect not in said(policy(rule(THREE), probe(targets=1)))
    assert suspect not in said(policy(rule(THREE), probe(targets=2), uplinks=UPLINKS[:1]))


def test_the_same_time_is_not_told_twice() -> None:
    assert "at most 20 s, 20 s" not in said(load("satellite"))


def test_an_uplink_without_another_is_told() -> None:
    alone = policy(rule(THREE), uplinks=UPLINKS[:1])
    text = said(alone)
    assert "There is no other IPv4 uplink" in text
    assert "There is no other uplink: no traffic moves." in text
    assert "the traffic goes at once" not in text


def test_families_are_told_apart() -> None:
    six = Uplink("six", "eth0", ip_address("fe80::1"), 10, Family.IPV6)
    dual = said(policy(rule(THREE), uplinks=(*UPLINKS, six)))
    assert "The engine decides for IPv4 and IPv6 separately." in dual


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_read_well(name: str) -> None:
    lines = list(explain(load(name)))
    assert max(map(len, lines)) <= 92
    text = " ".join(lines)
    assert not re.search(r"\b1 (rounds|targets|switches|uplinks)\b", text)
    assert not re.search(r"\d$", "\n".join(line for line in lines if "metric" not in line), re.M)
    assert "None" not in text
    assert "inf" not in text.replace("internet", "")
    assert all(uplink.name in text for uplink in load(name).uplinks)


def test_the_diagram_has_every_change_of_state() -> None:
    drawn = re.findall(r"(\w+) --> (\w+): (.*)", diagram())
    changes = {
        (before.value, after.value, signal.value)
        for (before, signal), after in TRANSITIONS.items()
        if before is not after
    }
    assert set(drawn) == changes
