"""Traffic does not stay on a dead uplink for more than a minute while another answers.

The design names the exceptions: a forced order, and a route that the kernel refuses.
"""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.health.latest_rounds import LONGEST_WAIT
from route_switcher.core.vocabulary.conditions import (
    Beyond,
    Condition,
    ConsecutiveFailures,
    Measure,
)
from route_switcher.core.vocabulary.policy import HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.virtual.internet import Fate
from support.answering import NO_INTERNET, RTT, T1, T2, T3, UNPLUGGED, Net, policy, probe
from support.keys import v4
from support.twins import LINES, hold_backs

BROKEN_AT = 35.0
LATE = 10.0
"""Seconds for the rounds that are asked for when the minute is over."""

SILENT, UNASKED, LOSSY, FLAPPING, WELL = "silent", "unasked", "lossy", "flapping", "well"
KINDS = (SILENT, UNASKED, LOSSY, FLAPPING, WELL)


class Broken(Net):
    """A net whose lines do what a random number says: `kinds` says of what each target does."""

    def __init__(self, rules: Policy, random: Random, kinds: dict[tuple[str, Target], str]):
        self.kinds = kinds
        self._random = random
        super().__init__(rules)
        self.fates = self._fate

    def _fate(self, name: str, target: Target) -> Fate:
        match self.kinds[name, target]:
            case "silent":
                return None
            case "unasked":
                return "no buffer"
            case "lossy":
                return None if self._random.random() < 0.4 else RTT
            case "flapping":
                return None if self.now % 14 < 7 else RTT
        return RTT

    def answers(self, name: str) -> bool:
        """Whether some probe surely gets an answer through it, each time."""
        return any(
            all(self.kinds[name, target] == WELL for target in its.targets)
            for its in self.world.policy.probes
        )


def drawn_condition(random: Random) -> Condition:
    name, held = random.choice("pq"), random.choice([0.0, 0.0, 0.0, 30.0, 300.0])
    if random.random() < 0.7:
        return ConsecutiveFailures(name, random.choice([1, 2, 10, 300]), held)
    return Beyond(random.choice(list(Measure)), name, 0.2, random.choice([5.0, 30.0, 600.0]), held)


def drawn_policy(random: Random, hold_back: HoldBack) -> Policy:
    """Rules that fail a dead uplink soon, and others that are in no hurry."""
    first = probe(T1, T2, quorum=random.choice(["any", "all"]), timeout=0.5, name="p")
    interval = random.choice([1.0, 1.0, 2.0, 30.0, 300.0])
    second = probe(
        *random.choice([(T3,), (T2, T3)]),
        timeout=0.5,
        interval=interval,
        down=interval * random.choice([1, 4]),
        name="q",
    )
    soon = [ConsecutiveFailures("p", 3), ConsecutiveFailures("q", 2)]
    patient = ConsecutiveFailures(random.choice("pq"), random.choice([60, 300]))
    conditions = [*soon, patient, drawn_condition(random), drawn_condition(random)]
    rules = [Rule(f"r{i}", c, Recover(random.choice([0.0, 5.0]))) for i, c in enumerate(conditions)]
    uplinks = LINES[: random.choice([2, 3])]
    return policy(*uplinks, probes=(first, second), rules=tuple(rules), hold_back=hold_back)


@pytest.mark.long
@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32).map(Random), hold_backs)
def test_a_dead_uplink_is_left_within_a_minute_for_one_that_answers(
    random: Random, hold_back: HoldBack
) -> None:
    rules = drawn_policy(random, hold_back)
    places = [(line.name, target) for line in rules.uplinks for target in (T1, T2, T3)]
    some = (WELL, WELL, WELL, random.choice(KINDS))
    net = Broken(rules, random, {place: random.choice(some) for place in places}).run(BROKEN_AT)
    dead = net.active() or "a"
    net.kinds = {
        place: SILENT if place[0] == dead else random.choice((WELL, WELL, *KINDS))
        for place in places
    }
    others = [line.name for line in rules.uplinks if line.name != dead and net.answers(line.name)]
    while net.now < BROKEN_AT + 2 * LONGEST_WAIT:
        net.run(net.now + 5)
        if net.active() == dead and net.state(dead) is UplinkState.FAILED:
            waited = min(net.now - BROKEN_AT, net.world.status().health(v4(dead)).failing_for)
            assert waited <= LONGEST_WAIT + LATE or not others, (net.now, others)


def test_an_uplink_one_of_whose_probes_never_answered_is_used_after_a_minute() -> None:
    office = probe(T2, timeout=0.5, interval=30.0, name="office")
    its = Rule("office", ConsecutiveFailures("office", 300), Recover(5.0))
    for unheard in (None, "no buffer"):
        net = Net(policy(probes=(probe(), office), rules=(NO_INTERNET, UNPLUGGED, its)))
        net.fates = _only_the_first(unheard)
        net.run(30.5)
        net.cut("a")
        net.run(30.5 + LONGEST_WAIT + LATE)
        assert net.state("b") is UplinkState.UNKNOWN
        assert net.moves() == [("a", "b")]


def _only_the_first(other: Fate) -> Callable[[str, Target], Fate]:
    return lambda name, target: other if (name, target) == ("b", T2) else 1 / 64


def test_a_probe_that_says_nothing_since_the_trouble_began_is_waited_for_a_minute() -> None:
    office = probe(T2, timeout=0.5, interval=25.0, name="office")
    net = Net(policy(probes=(probe(), office))).run(60.5)
    net.fates = _only_the_first("no buffer")
    net.cut("a")
    net.run(60.5 + LONGEST_WAIT + LATE)
    assert net.moves() == [("a", "b")]
