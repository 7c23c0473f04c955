"""A reload while rounds are under way."""

from dataclasses import replace
from typing import Any

import pytest

from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.conditions import Beyond, ConsecutiveFailures, Measure
from route_switcher.core.vocabulary.events import LinkState, Reload, Round, Routes, Start
from route_switcher.core.vocabulary.outputs import Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.virtual.world import World
from support.keys import v4
from support.pinging import target
from support.standing import standing_route
from support.world import policy, uplink


def test_a_round_through_the_line_that_an_uplink_had_before_a_reload_is_nothing() -> None:
    a, b = uplink("a", 0), uplink("b", 1)
    links = (LinkState("eth0"), LinkState("eth1"))
    engine = Engine(policy(a, b))
    engine.handle(Start(0.0, links, ()))
    engine.handle(Routes(0.0, (standing_route(a), standing_route(b))))
    engine.handle(Round(1.2, v4("a"), "internet", 1.0, RoundOutcome.GOOD))
    assert engine.active(Family.IPV4) == "a"
    swapped = policy(replace(b, name="a", metric=10), replace(a, name="b", metric=20))
    engine.handle(Reload(2.1, swapped, links))
    engine.handle(Round(2.2, v4("a"), "internet", 2.0, RoundOutcome.GOOD))
    # Nothing is known of what is a now; what was a carries the traffic until that answers.
    assert engine.active(Family.IPV4) == "b"
    engine.handle(Round(2.3, v4("a"), "internet", 2.2, RoundOutcome.GOOD))
    assert engine.active(Family.IPV4) == "a"


def test_a_round_with_the_targets_that_a_probe_had_before_a_reload_is_nothing() -> None:
    rules = policy(failures=1)
    links = (LinkState("eth0"), LinkState("eth1"))
    engine = Engine(rules)
    engine.handle(Start(0.0, links, ()))
    engine.handle(Routes(0.0, tuple(standing_route(u) for u in rules.uplinks)))
    engine.handle(Round(1.2, v4("primary"), "internet", 1.0, RoundOutcome.GOOD))
    (probe,) = rules.probes
    other = replace(rules, probes=(replace(probe, targets=(target("203.0.113.9"),)),))
    engine.handle(Reload(2.5, other, links))
    assert engine.handle(Round(3.0, v4("primary"), "internet", 2.0, RoundOutcome.FAILED)) == ()
    assert engine.handle(Round(4.0, v4("primary"), "internet", 3.0, RoundOutcome.FAILED)) != ()


A, B, C = uplink("a", 0), uplink("b", 1), uplink("c", 2)
FIRST, SECOND, SIXTH = (target(t) for t in ("203.0.113.1", "203.0.113.2", "2001:db8:ffff::1"))
COUNTED = Rule("counted", ConsecutiveFailures("one", 4), Recover(20.0))
LOSSY = Rule("lossy", Beyond(Measure.LOSS, "one", 0.2, 30.0), Recover(5.0), ("a", "b", "c"))
PROBES = (
    replace(policy().probes[0], name="one", targets=(FIRST, SECOND), interval=2.0, timeout=1.5),
    replace(policy().probes[0], name="two", targets=(FIRST,), down_interval=3.0),
)
BEFORE = Policy((A, B, C), PROBES, (COUNTED, LOSSY), ignore_linkdown=False)

AT_TWO = (replace(COUNTED, uplinks=("a", "b")), replace(LOSSY, uplinks=("a", "b")))


def with_one(**changes: Any) -> Policy:
    return replace(BEFORE, probes=(replace(PROBES[0], **changes), PROBES[1]))


def changes_through(uplinks: set[str], reload: Policy | None) -> list[RuleChange]:
    """What the rules said of uplinks, where one is cut, and the policy read again meanwhile."""
    said: list[Output] = []
    cut = False

    class Lines:
        def answer(
            self, uplink: UplinkId, probe: str, target: Target, sent_at: float
        ) -> float | None:
            return None if cut and uplink.name == "a" else 0.02

    world = World(BEFORE, Lines(), said.append)
    world.run(60.5)
    cut = True
    # Two of four rounds have failed, and a third is under way.
    world.run(65.25)
    if reload is not None:
        world.reload(reload)
    world.run(100.0)
    cut = False
    world.run(200.0)
    return [c for c in said if isinstance(c, RuleChange) and c.uplink.name in uplinks]


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        replace(with_one(uplinks=("a", "b")), rules=AT_TWO),
        with_one(uplinks=("b", "a", "c")),
        with_one(targets=(SECOND, FIRST)),
        with_one(targets=(FIRST, SIXTH, SECOND)),
        with_one(quorum=1),
        replace(BEFORE, probes=PROBES[::-1]),
        replace(BEFORE, rules=(LOSSY, COUNTED)),
        replace(BEFORE, rules=(COUNTED, replace(LOSSY, uplinks=("a", "b")))),
        replace(BEFORE, rules=(replace(COUNTED, uplinks=("b", "a")), LOSSY)),
        replace(BEFORE, uplinks=(A, B)),
    ],
    ids=[
        "nothing",
        "probe-leaves-another-uplink",
        "probe-names-all-uplinks",
        "order-of-targets",
        "target-of-another-family",
        "quorum-in-other-words",
        "order-of-probes",
        "order-of-rules",
        "rule-leaves-another-uplink",
        "rule-leaves-another-uplink-and-changes-their-order",
        "another-uplink-goes",
    ],
)
def test_a_reload_that_means_the_same_for_an_uplink_changes_nothing_for_it(after: Policy) -> None:
    undisturbed = changes_through({"a", "b"}, None)
    assert {change.rule for change in undisturbed} >= {"counted", "lossy"}
    assert sorted(changes_through({"a", "b"}, after), key=str) == sorted(undisturbed, key=str)


def test_a_target_stays_suspect_when_its_probe_leaves_an_uplink_that_is_no_witness() -> None:
    said: list[Output] = []

    class Lines:
        def answer(
            self, uplink: UplinkId, probe: str, target: Target, sent_at: float
        ) -> float | None:
            return None if target == SECOND else 0.02

    world = World(replace(BEFORE, probes=(replace(PROBES[0], quorum="all"),)), Lines(), said.append)
    world.run(100.0)
    said.clear()
    fewer = replace(PROBES[0], quorum=2, uplinks=("a", "b"))
    other = replace(PROBES[0], name="other", targets=(FIRST,), uplinks=("c",))
    world.reload(replace(BEFORE, probes=(fewer, other), rules=AT_TWO))
    world.run(200.0)
    assert [change for change in said if isinstance(change, RuleChange)] == []
