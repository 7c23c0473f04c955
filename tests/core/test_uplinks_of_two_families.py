"""An uplink that carries IPv4 and IPv6: one name, one interface, and all else twice."""

from dataclasses import replace
from ipaddress import ip_address
from math import inf

import pytest

from route_switcher.core.messages import describe
from route_switcher.core.vocabulary.effects import SpeedChange
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.world import World
from support.keys import v4, v6
from support.two_families import BOTH, LTE, WAN
from support.world import World as CheckedWorld

V4, V6 = Family.IPV4, Family.IPV6
HEALTHY, FAILED = UplinkState.HEALTHY, UplinkState.FAILED


class Net:
    """Lines that are cut for one family each."""

    def __init__(self, rules: Policy = BOTH) -> None:
        self.cuts: set[UplinkId] = set()
        self.dead: set[Target] = set()
        self.asked: dict[UplinkId, int] = {}
        self.outputs: list[object] = []
        self.world = World(rules, self, self.outputs.append)

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        assert target.family in (None, uplink.family)
        self.asked[uplink] = self.asked.get(uplink, 0) + 1
        return None if uplink in self.cuts or target in self.dead else 0.02

    def cut(self, uplink: UplinkId) -> None:
        self.cuts.add(uplink)
        self.world.lose(uplink)

    def state(self, uplink: UplinkId) -> UplinkState:
        return self.world.status().health(uplink).state

    def active(self) -> tuple[str | None, str | None]:
        return self.world.active(V4), self.world.active(V6)

    def said(self) -> list[str]:
        its = self.world.policy
        return [describe(o, its) for o in self.outputs if isinstance(o, Decision | RuleChange)]


def test_each_family_is_selected_and_judged_by_itself() -> None:
    net = Net()
    net.world.run(100)
    assert net.active() == ("wan", "wan")
    net.cut(v6("wan"))
    net.world.run(110)
    assert net.active() == ("wan", "lte")
    assert net.state(v4("wan")) is HEALTHY
    assert net.state(v6("wan")) is FAILED
    assert "wan (IPv6): rule no-internet: ok -> failed: 3 rounds in a row failed" in " ".join(
        net.said()
    )


def test_the_probes_go_through_both() -> None:
    net = Net()
    net.world.run(100)
    assert set(net.asked) == {u.id for u in BOTH.uplinks}
    # The names of streams tell the families apart, and so do their speeds.
    assert {stream.uplink for stream in net.world.streams()} == set(net.asked)
    slower = replace(BOTH.probes[0], down_interval=10.0, standby_interval=10.0)
    net = Net(replace(BOTH, probes=(slower,)))
    net.world.run(100)
    net.cut(v6("wan"))
    net.world.run(200)
    changes = [o for o in net.outputs if isinstance(o, SpeedChange) and o.at > 100]
    assert {o.uplink for o in changes} <= {v6("wan"), v6("lte")}
    assert v6("wan") in {o.uplink for o in changes}


def test_a_lost_carrier_fails_both_and_moves_both_at_once() -> None:
    net = Net()
    net.world.run(100)
    net.world.set_links(LinkState("eth1", carrier=False))
    assert net.active() == ("lte", "lte")
    assert net.state(v4("wan")) is net.state(v6("wan")) is FAILED
    net.world.run(101)
    net.world.set_links(LinkState("eth1"))
    net.world.run(200)
    assert net.active() == ("wan", "wan")


def test_an_address_that_goes_concerns_its_family_only() -> None:
    net = Net()
    net.world.run(100)
    net.world.set_links(LinkState("eth1", families=frozenset({V4})))
    net.world.run(110)
    assert net.active() == ("wan", "lte")


def test_a_target_is_suspect_in_its_family_only() -> None:
    targets = [f"203.0.113.{n}" for n in (1, 2)] + [f"2001:db8:ffff::{n}" for n in (1, 2)]
    its = tuple(Target.at(ip_address(t)) for t in targets)
    net = Net(replace(BOTH, probes=(replace(BOTH.probes[0], targets=its, quorum="all"),)))
    net.world.run(100)
    net.dead.add(its[3])
    net.world.run(200)
    assert net.active() == ("wan", "wan")
    suspects = net.world.engine._suspects
    assert suspects.of(V4)["internet"] == set()
    assert suspects.of(V6)["internet"] == {its[3]}
    # And in that family an uplink still fails when it fails.
    net.cut(v6("wan"))
    net.world.run(220)
    assert net.active() == ("wan", "lte")


def test_a_reload_adds_a_family_and_takes_it_away_again() -> None:
    one = replace(BOTH, uplinks=(WAN[0], LTE[0]))
    net = Net(one)
    net.world.run(100)
    before = {stream.uplink: stream for stream in net.world.streams()}
    net.cut(v4("wan"))
    net.world.run(110)
    assert net.active() == ("lte", None)
    net.world.reload(BOTH)
    net.world.run(150)
    assert net.active() == ("lte", "wan")
    assert net.state(v4("wan")) is FAILED
    after = {stream.uplink: stream for stream in net.world.streams()}
    assert all(after[its] is stream for its, stream in before.items()), "nothing changed for them"
    net.world.reload(one)
    net.world.run(160)
    assert net.active() == ("lte", None)
    assert net.state(v4("wan")) is FAILED
    assert set(net.world.policy.families) == {V4}


def test_a_new_name_is_the_same_line_in_both_families() -> None:
    net = Net()
    net.world.run(100)
    net.cut(v4("wan"))
    net.world.run(110)
    new = tuple(replace(u, name="fibre") if u.name == "wan" else u for u in BOTH.uplinks)
    net.world.reload(replace(BOTH, uplinks=new))
    assert net.state(v4("fibre")) is FAILED
    assert net.state(v6("fibre")) is HEALTHY
    assert net.active() == ("lte", "fibre")


def test_an_order_and_its_end_are_for_both() -> None:
    net = Net()
    net.world.run(100)
    net.world.switch("lte")
    assert net.active() == ("lte", "lte")
    net.world.release("lte")
    net.world.run(101)
    assert net.active() == ("wan", "wan")


def test_an_order_is_refused_where_the_uplink_is_failed() -> None:
    net = Net()
    net.world.run(100)
    net.cut(v6("lte"))
    net.world.run(110)
    net.world.submit(Switch(net.world.now, "lte", inf))
    assert net.active() == ("lte", "wan")
    text = " ".join(str(o) for o in net.outputs)
    assert "switch to lte (IPv6) refused" in text
    net.world.submit(Release(net.world.now, "lte"))
    assert net.active() == ("wan", "wan")


@pytest.mark.parametrize("family", list(Family))
def test_every_action_leaves_a_route_in_each_family(family: Family) -> None:
    world = CheckedWorld(BOTH)
    world.run(100)
    world.cut("wan")
    world.run(110)
    assert world.active(family) == "lte"
    assert world.metrics(family) == {"eth1": 1010, "eth2": 20}
    world.mend("wan")
    world.run(200)
    moves = [d for d in world.decisions() if d.family is family and d.previous]
    assert [d.cause for d in moves] == [Cause.FAILOVER, Cause.PREFERENCE]


def test_a_name_of_one_family_is_written_as_ever() -> None:
    net = Net(replace(BOTH, uplinks=(WAN[0], LTE[1])))
    assert net.world.policy.label(v4("wan")) == "wan"
    assert BOTH.label(v4("wan")) == "wan (IPv4)"
