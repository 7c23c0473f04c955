"""The next hop of an uplink is written, learned from the routes of others, or none."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.events import LinkState, NextHops
from route_switcher.core.vocabulary.kernel_routes import RouterPreference
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import Family, GatewayMode
from support.world import World, policy, uplink

A, B = (replace(uplink(name, n), gateway=GatewayMode.AUTO) for n, name in enumerate("ab"))


def told(
    number: int,
    router: str | None,
    metric: int = 0,
    preference: RouterPreference = RouterPreference.MEDIUM,
    source: str | None = None,
    family: Family = Family.IPV4,
) -> LearnedHop:
    hop = NextHop(
        None if router is None else ip_address(router),
        None if source is None else ip_address(source),
    )
    return LearnedHop(family, f"eth{number}", hop, 254, metric, 16, preference)


def tell(world: World, *hops: LearnedHop) -> None:
    world.tell(NextHops(world.now, hops))


def test_it_is_learned_and_changed() -> None:
    world = World(policy(A, B))
    tell(world, told(0, "198.51.100.1"), told(1, "198.51.100.2"))
    world.run(100)
    assert world.active() == "a"
    assert str(world.best()) == "default via 198.51.100.1 dev eth0 metric 10"
    tell(world, told(0, "198.51.100.9"), told(1, "198.51.100.2"))
    assert str(world.best()) == "default via 198.51.100.9 dev eth0 metric 10"
    world.run(130)
    assert world.switches() == []


@pytest.mark.parametrize(
    "hop",
    [
        told(0, "169.254.1.1"),
        told(0, "198.51.100.1", source="169.254.7.7"),
        told(0, None),
        told(2, "198.51.100.1"),
        told(0, "2001:db8::1", family=Family.IPV6),
    ],
    ids=str,
)
def test_what_leads_nowhere_is_not_learned(hop: LearnedHop) -> None:
    world = World(policy(A, B))
    tell(world, hop, told(1, "198.51.100.2"))
    world.run(10)
    assert world.active() == "b"
    assert [route.interface for route in world.table] == ["eth1"]


def test_a_link_with_one_other_end_needs_no_gateway() -> None:
    world = World(policy(A, B), links=[LinkState("eth0", point_to_point=True)])
    tell(world, told(0, None), told(1, "198.51.100.2"))
    world.run(10)
    assert str(world.best()) == "default dev eth0 metric 10"


def test_without_a_gateway_a_route_goes_by_the_device() -> None:
    alone = replace(A, gateway=GatewayMode.NONE)
    world = World(policy(alone, uplink("b", 1))).run(10)
    assert str(world.best()) == "default dev eth0 metric 10"


def test_of_several_the_one_in_use_stays() -> None:
    world = World(policy(A))
    tell(world, told(0, "198.51.100.1", 20), told(0, "198.51.100.2", 10))
    world.run(10)
    assert str(world.best()) == "default via 198.51.100.2 dev eth0 metric 10"
    tell(world, told(0, "198.51.100.1", 5), told(0, "198.51.100.2", 10))
    assert str(world.best()) == "default via 198.51.100.2 dev eth0 metric 10"


def test_a_router_may_ask_to_be_preferred() -> None:
    six = replace(uplink("a", 0, version=6), gateway=GatewayMode.AUTO)
    world = World(policy(six))
    low, high = RouterPreference.MEDIUM, RouterPreference.HIGH
    first = told(0, "fe80::1", 1024, low, family=Family.IPV6)
    tell(world, first, told(0, "fe80::2", 1024, high, family=Family.IPV6))
    world.run(10)
    assert str(world.best(Family.IPV6)) == "default via fe80::2 dev eth0 metric 10"


def test_a_route_carries_what_was_learned_with_it() -> None:
    world = World(policy(A))
    hop = NextHop(ip_address("198.51.100.1"), ip_address("198.51.100.77"), True, 1400)
    tell(world, LearnedHop(Family.IPV4, "eth0", hop, 1115, 0, 16))
    world.run(10)
    best = world.best()
    assert best is not None
    assert (best.source, best.onlink, best.mtu) == (ip_address("198.51.100.77"), True, 1400)


def test_what_changes_nothing_says_nothing() -> None:
    world = World(policy(A, B))
    hops = told(0, "198.51.100.1"), told(1, "198.51.100.2")
    tell(world, *hops)
    world.run(100)
    said, done = len(world.outputs), len(world.actions)
    for _ in range(50):
        tell(world, *hops)
    assert (len(world.outputs), len(world.actions)) == (said, done)
