"""Which connections are to be ended after a switch, when, and before which hooks."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from route_switcher.core.after_switch.connections import AGAIN, PATIENCE
from route_switcher.core.vocabulary.conntrack import Conntrack
from route_switcher.core.vocabulary.effects import EndConnections, RunHook
from route_switcher.core.vocabulary.events import ConnectionsEnded, Links, LinkState
from route_switcher.core.vocabulary.policy import ABSENCE, Policy
from route_switcher.core.vocabulary.uplinks import Family
from support.hooked import ON_SWITCH, hooked
from support.world import World, policy, uplink

A, B, C = "192.0.2.10", "198.51.100.10", "203.0.113.10"
ADDRESSES = {"eth0": (A, "2001:db8::a"), "eth1": (B,), "eth2": (C,)}
THREE = policy(uplink("a", 0), uplink("b", 1), uplink("c", 2))


class Router(World):
    """Its interfaces have addresses. Sweeps end at once, or when a test says so."""

    def __init__(self, rules: Policy = THREE, *, ends: bool = True, **addresses: Any) -> None:
        self.addresses = ADDRESSES | addresses
        self.ends = ends
        super().__init__(rules)

    def link_of(self, interface: str) -> LinkState:
        told = frozenset(map(ip_address, self.addresses[interface]))
        state = super().link_of(interface)
        return replace(state, addresses=told if state.connected else frozenset())

    def give(self, interface: str, *addresses: str) -> None:
        """It has these addresses now."""
        self.addresses = self.addresses | {interface: addresses}
        self.tell(Links(self.now, (self.link_of(interface),)))

    def _end_connections(self, effect: EndConnections) -> None:
        if self.ends:
            super()._end_connections(effect)

    @property
    def asked(self) -> list[str]:
        """All that was asked for, as `a: 192.0.2.10`, with `again` before the second time."""
        return [_short(o) for o in self.outputs if isinstance(o, EndConnections)]


def _short(effect: EndConnections) -> str:
    them = "all" if effect.addresses is None else ", ".join(map(str, effect.addresses))
    return f"{'again ' if effect.again else ''}{'+'.join(effect.left)}: {them}"


def test_those_of_the_uplink_that_was_left_are_ended_twice_in_both_directions() -> None:
    world = Router().run(10)
    assert world.asked == []
    world.cut("a")
    world.run(20)
    assert world.asked == [f"a: {A}", f"again a: {A}"]
    first, again = (o for o in world.outputs if isinstance(o, EndConnections))
    assert again.at - first.at == AGAIN
    assert (first.active, first.family) == ("b", Family.IPV4)
    world.mend("a")
    world.run(200)
    assert world.asked[2:] == [f"b: {B}", f"again b: {B}"]


def test_the_addresses_that_went_with_the_link_are_known() -> None:
    world = Router().run(10)
    world.link("a", carrier=False)
    world.run(20)
    assert world.asked == [f"a: {A}", f"again a: {A}"]


@pytest.mark.parametrize(("mode", "asked"), [("none", []), ("all", ["a: all", "again a: all"])])
def test_the_policy_says_which(mode: str, asked: list[str]) -> None:
    world = Router(replace(THREE, conntrack=Conntrack(mode))).run(10)
    world.cut("a")
    assert world.run(20).asked == asked


def test_when_the_traffic_moves_on_nothing_is_forgotten() -> None:
    world = Router().run(10)
    world.cut("a")
    world.run(13.5)
    assert world.asked == [f"a: {A}"]
    world.link("b", carrier=False)
    world.run(30)
    assert world.active() == "c"
    assert world.asked == [f"a: {A}", f"a+b: {A}, {B}", f"again a+b: {A}, {B}"]


def test_back_at_once_the_second_time_is_for_the_other_uplink_only() -> None:
    rules = policy(uplink("a", 0), uplink("b", 1), stable=0.5)
    world = Router(rules).run(10)
    world.cut("a")
    world.run(13.5)
    assert world.asked == [f"a: {A}"]
    world.mend("a")
    world.run(40)
    assert world.asked == [f"a: {A}", f"b: {B}", f"again b: {B}"]


def test_an_address_that_two_uplinks_have_is_left_alone_and_it_is_said() -> None:
    world = Router(eth0=(A, B)).run(10)
    world.cut("a")
    world.run(20)
    assert world.asked == [f"a: {A}", f"again a: {A}"]
    said = [notice for notice in world.notices() if "same address" in notice]
    assert said == [
        "IPv4: connections that stick to a are left alone, as nothing tells them from others: b"
        f" has the same address, {B}"
    ]
    world = Router(eth0=(B,)).run(10)
    world.cut("a")
    assert world.run(20).asked == []


def test_another_address_of_the_active_uplink_counts_a_second_after_the_old_one_has_gone() -> None:
    world = Router().run(10)
    world.give("eth0", "192.0.2.99")
    world.run(10 + ABSENCE / 2)
    assert world.asked == []
    world.run(12)
    assert world.asked == [f"a: {A}"]
    world.run(20)
    assert world.asked == [f"a: {A}", f"again a: {A}"]


def test_an_address_that_comes_back_at_once_has_not_gone() -> None:
    world = Router(eth0=(A, C)).run(10)
    world.give("eth0", C)
    world.run(10.5)
    world.give("eth0", A, C)
    assert world.run(30).asked == []


def test_the_address_of_a_standby_is_nobodys_business() -> None:
    world = Router().run(10)
    world.give("eth1", "198.51.100.99")
    world.cut("b")
    assert world.run(30).asked == []


def test_hooks_come_after_it() -> None:
    world = Router(hooked(ON_SWITCH)).run(10)
    world.cut("a")
    world.run(20)
    kinds = [type(o) for o in world.outputs if isinstance(o, EndConnections | RunHook)]
    assert kinds == [RunHook, EndConnections, RunHook, EndConnections]


def test_hooks_do_not_wait_for_long() -> None:
    world = Router(hooked(ON_SWITCH), ends=False).run(10)
    world.cut("a")
    world.run(13.5)
    (asked,) = (o for o in world.outputs if isinstance(o, EndConnections))
    world.tell(ConnectionsEnded(world.now, asked.family, asked.at - 1))  # of one before it
    world.run(20)
    hook = [o for o in world.outputs if isinstance(o, RunHook)][-1]
    assert hook.at == asked.at + PATIENCE


def test_a_reload_that_takes_the_active_uplink_away_ends_its_connections() -> None:
    world = Router().run(10)
    world.reload(policy(uplink("b", 1), uplink("c", 2)))
    world.run(20)
    assert world.asked == [f"a: {A}", f"again a: {A}"]


def test_a_restart_ends_nothing() -> None:
    world = Router().run(10)
    world.cut("a")
    world.run(30)
    before = world.asked
    world.restart()
    assert world.run(60).asked == before
