"""Who is asked every second while the active uplink is failed: whoever does not answer, by every
probe, however rare its rounds are and however long they wait."""

from ipaddress import ip_address
from itertools import pairwise
from math import inf

import pytest

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.virtual.internet import Fate
from support.answering import NO_INTERNET, RTT, T1, T2, UNPLUGGED, Net, policy, probe
from support.world import World
from support.world import policy as slow_policy

OFFICE = probe(T2, timeout=0.5, interval=30.0, name="office")
OFFICE_LOST = Rule("office", ConsecutiveFailures("office", 10), Recover(5.0))


class Asked(Net):
    """A net that remembers when each uplink was asked for which target."""

    def __init__(self, rules: Policy) -> None:
        self.sent: dict[tuple[str, Target], list[float]] = {}
        super().__init__(rules)

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        self.sent.setdefault((uplink.name, target), []).append(sent_at)
        return super().answer(uplink, probe, target, sent_at)

    def longest_gap(self, uplink: str, target: Target, begin: float) -> float:
        times = [at for at in self.sent[uplink, target] if at >= begin]
        return max(b - a for a, b in pairwise([begin, *times, self.now]))


def test_while_none_answers_the_rare_probe_too_is_asked_every_second() -> None:
    net = Asked(policy(probes=(probe(), OFFICE), rules=(NO_INTERNET, UNPLUGGED, OFFICE_LOST)))
    net.run(60)
    net.cut("a", "b")
    net.run(120)
    for name in ("a", "b"):
        for target in (T1, T2):
            assert net.longest_gap(name, target, 65) <= 1.001


@pytest.mark.parametrize("returned_at", [70.25, 81.5, 99.75])
def test_the_first_that_answers_by_all_its_probes_is_used_at_once(returned_at: float) -> None:
    net = Asked(policy(probes=(probe(), OFFICE), rules=(NO_INTERNET, UNPLUGGED, OFFICE_LOST)))
    net.run(60)
    net.cut("a", "b")
    net.run(returned_at)
    net.mend("b")
    net.run(returned_at + 1.5)
    assert net.moves() == [("a", "b")]


def test_a_rule_that_bars_an_uplink_makes_up_its_mind_sooner_while_it_is_waited_for() -> None:
    net = Asked(policy(probes=(probe(), OFFICE), rules=(NO_INTERNET, UNPLUGGED, OFFICE_LOST)))
    net.run(60)
    net.fates = lambda name, target: None if (name, target) == ("b", T2) else RTT
    net.cut("a")
    net.run(80)
    assert net.moves() == [("a", "b")]


def test_a_failed_uplink_that_answers_is_not_asked_more_often_than_its_probe_says() -> None:
    # The office is gone for good: b is failed, and answers.
    net = Asked(policy(probes=(probe(), OFFICE), rules=(NO_INTERNET, UNPLUGGED, OFFICE_LOST)))
    net.run(60)
    net.fates = lambda name, target: None if (name, target) == ("b", T2) else RTT
    net.cut("a")
    net.run(100)
    assert (net.active(), net.state("b")) == ("b", UplinkState.FAILED)
    net.run(400)
    assert len([at for at in net.sent["b", T2] if at > 100]) <= 11
    assert net.longest_gap("a", T1, 100) <= 1.001


def test_a_forced_order_onto_a_dead_uplink_has_the_one_that_answers_asked_no_more_often() -> None:
    slow = probe(timeout=0.5, interval=20.0)
    net = Asked(policy(probes=(slow,))).run(30)
    net.world.switch("b", seconds=inf, force=True)
    net.cut("b")
    net.run(200)
    assert net.state("b") is UplinkState.FAILED
    asked = len(net.sent["a", T1])
    net.run(400)
    assert len(net.sent["a", T1]) - asked <= 11
    assert net.longest_gap("b", T1, 200) <= 1.001


def test_an_uplink_without_a_link_is_not_asked() -> None:
    net = Asked(policy(probes=(probe(timeout=0.5, interval=20.0),))).run(30)
    net.cut("a", "b")
    net.run(150)
    net.unplug("eth1")
    before = len(net.outputs)
    net.run(200)
    asked = {o.uplink.name for o in net.outputs[before:] if isinstance(o, ProbeNow)}
    assert asked == {"a"}


def test_at_a_first_start_too_the_first_that_answers_is_used_at_once() -> None:
    found = Route(Family.IPV4, "eth9", ip_address("198.51.100.77"), 5, protocol=16)
    world = World(slow_policy(interval=60, timeout=1), found=(found,))
    world.cut("primary", "secondary")
    world.run(601.25)
    assert world.active() is None
    assert len([text for text in world.notices() if "no uplink answers yet" in text]) == 1
    world.mend("secondary")
    world.run(602.75)
    assert world.active() == "secondary"
