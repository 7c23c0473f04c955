"""Every leaf of a condition is known wherever leaves are told apart.

A new one fails here, or in the type checker, at each place that does not know it.
"""

import json
from collections.abc import Iterator
from itertools import combinations
from math import inf
from typing import get_args

import pytest
import yaml

from route_switcher.analysis.figures.detection import time_to_fail
from route_switcher.analysis.figures.false_alarms import false_failures
from route_switcher.analysis.figures.recovery import time_to_return
from route_switcher.analysis.monitoring import Fault, monitoring_of
from route_switcher.analysis.prose.clauses import clause
from route_switcher.core.health.confirmation import confirmation_of
from route_switcher.core.health.evaluators import Observations, Run, make_evaluator, may_still_fail
from route_switcher.core.health.measurements import Measurements
from route_switcher.core.vocabulary.conditions import (
    Beyond,
    CarrierDown,
    CarrierUp,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    FailLeaf,
    Leaf,
    NextHopAbsent,
    RecoverLeaf,
    Subject,
    Within,
    leaves,
)
from route_switcher.core.vocabulary.events import Answer, LinkState
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems
from support.keys_shown import BASE, CASES, NEVER, written_policy

GAP = 3.0
EVERY_LEAF: tuple[type[Leaf], ...] = get_args(Leaf)

WRITTEN: dict[type[Leaf], str] = {
    ConsecutiveFailures: "fail: {failures: 3}",
    Beyond: "fail: {loss: 20%, over: 30s}",
    CarrierDown: "fail: {carrier: down, for: 2s}",
    ConsecutiveSuccesses: "fail: {failures: 3}, recover: {successes: 5}",
    Within: "fail: {failures: 3}, recover: {loss: 2%, over: 60s}",
    CarrierUp: "fail: {failures: 3}, recover: {carrier: up, for: 5s}",
}
"""How a policy writes each of them, as the last condition of a rule."""

UNWRITTEN = {NextHopAbsent}
"""Those of which every policy has a rule that nobody can write."""


def policy_with(kind: type[Leaf]) -> Policy:
    """A policy whose last rule has such a leaf; any policy, if nobody can write it."""
    if kind in UNWRITTEN:
        return load_text("\n".join([*BASE.values(), ""]), "policy.yaml")
    rules = f"rules: [{NEVER}, {{name: r, {WRITTEN[kind]}}}]"
    return load_text("\n".join([*BASE.values(), rules, ""]), "policy.yaml")


def leaves_of(policy: Policy) -> Iterator[Leaf]:
    """The leaves of its rules; the last one is what the rule was written for."""
    for rule in policy.rules:
        yield from leaves(rule.fail)
        if rule.recover.condition is not None:
            yield from leaves(rule.recover.condition)


def rule_with(kind: type[Leaf]) -> Rule:
    """The rule of that policy that has such a leaf."""
    policy = policy_with(kind)
    return policy.next_hop_rules[-1] if kind in UNWRITTEN else policy.rules[-1]


def example(kind: type[Leaf]) -> Leaf:
    """A leaf of this kind."""
    rule = rule_with(kind)
    return list(leaves(rule.recover.condition or rule.fail))[-1]


def test_every_leaf_belongs_to_one_side() -> None:
    sides = (*get_args(FailLeaf), *get_args(RecoverLeaf))
    assert sorted(map(str, sides)) == sorted(map(str, EVERY_LEAF))


def test_a_policy_can_write_every_leaf() -> None:
    assert WRITTEN.keys() == set(EVERY_LEAF) - UNWRITTEN
    for kind in WRITTEN:
        assert type(example(kind)) is kind


@pytest.mark.parametrize("side", ["fail", "recover"])
def test_two_leaves_in_one_mapping_are_refused(side: str) -> None:
    kinds = set(get_args(FailLeaf if side == "fail" else RecoverLeaf)) - UNWRITTEN
    for one, other in combinations(kinds, 2):
        written = [yaml.safe_load(f"{{{WRITTEN[kind]}}}") for kind in (one, other)]
        rule = {"name": "r", **written[0], side: written[0][side] | written[1][side]}
        text = "\n".join([*BASE.values(), f"rules: [{NEVER}, {json.dumps(rule)}]", ""])
        with pytest.raises(PolicyProblems, match="a second condition in one mapping"):
            load_text(text, "policy.yaml")


def test_a_case_of_test_every_key_has_every_leaf() -> None:
    shown = {
        type(leaf)
        for case in CASES.values()
        for number in (0, 1)
        for leaf in leaves_of(load_text(written_policy(case.policy, number), "policy.yaml"))
    }
    assert shown == set(EVERY_LEAF) - UNWRITTEN


@pytest.mark.parametrize("kind", EVERY_LEAF)
def test_every_leaf_has_an_evaluator(kind: type[Leaf]) -> None:
    leaf = example(kind)
    observations = Observations(LinkState("eth0"), gap=GAP)
    if leaf.probe is not None:
        observations.runs[leaf.probe] = Run()
        if leaf.window is not None:
            (probe,) = policy_with(kind).probes
            measurements = Measurements(probe, Family.IPV4, leaf.window, GAP, frozenset())
            measurements.add(0.0, [Answer(target, 0.01) for target in probe.targets])
            observations.measurements[leaf.probe, leaf.window] = measurements
    evaluator = make_evaluator(leaf, observations)
    assert isinstance(evaluator.holds(0.0), bool)
    assert evaluator.evidence()
    assert not may_still_fail(leaf, observations)


@pytest.mark.parametrize("kind", EVERY_LEAF)
def test_every_leaf_has_facts(kind: type[Leaf]) -> None:
    leaf = example(kind)
    assert leaf.probe in {"internet", None}
    assert leaf.rounds >= 0
    assert leaf.window is None or leaf.window > 0
    # Without a probe there are no rounds, and nothing can be silent.
    assert leaf.probe is not None or not (leaf.rounds or leaf.window or leaf.holds_by_silence)


@pytest.mark.parametrize("kind", EVERY_LEAF)
def test_every_leaf_has_a_clause(kind: type[Leaf]) -> None:
    assert clause(example(kind), policy_with(kind))


@pytest.mark.parametrize("kind", get_args(FailLeaf))
def test_every_leaf_to_fail_by_is_seen_in_some_fault_or_never(kind: type[Leaf]) -> None:
    """Silence that holds by itself is seen in an outage, and confirmed in as much time."""
    policy = policy_with(kind)
    rule, leaf = rule_with(kind), example(kind)
    monitoring = monitoring_of(policy, policy.uplinks[0].name)
    seen = {fault: time_to_fail(monitoring, rule, fault) for fault in Fault}
    assert (seen[Fault.SILENT] is not None) == leaf.holds_by_silence
    assert (seen[Fault.UNPLUGGED] is not None) == (
        leaf.holds_by_silence or leaf.subject is Subject.CARRIER
    )
    for fault, times in seen.items():
        assert (time_to_return(monitoring, rule, fault) is None) == (times is None)
    assert false_failures(monitoring, rule, policy.uplinks[0].family, 0.05).failures >= 0
    confirmed = confirmation_of(policy.probes[0], [rule])
    assert confirmed.seconds >= (leaf.window or 0.0)
    assert confirmed.rounds >= leaf.rounds


@pytest.mark.parametrize("kind", get_args(RecoverLeaf))
def test_every_leaf_to_recover_by_has_a_time(kind: type[Leaf]) -> None:
    policy = policy_with(kind)
    rule = policy.rules[-1]
    times = time_to_return(monitoring_of(policy, policy.uplinks[0].name), rule, Fault.SILENT)
    assert times is not None
    assert times.worst < inf
