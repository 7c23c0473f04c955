"""The next hop of an uplink is written, learned from the routes of others, or none."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.effects import Reconcile
from route_switcher.core.vocabulary.events import LinkState, NextHops
from route_switcher.core.vocabulary.kernel_routes import RouterPreference
from route_switcher.core.vocabulary.next_hops import LEASE_TABLE, LearnedHop, NextHop
from route_switcher.core.vocabulary.outputs import RouteLost
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode
from support.next_hops import NOTHING, told
from support.world import World, policy, uplink

A, B = (replace(uplink(name, n), gateway=GatewayMode.AUTO) for n, name in enumerate("ab"))


def tell(world: World, *hops: LearnedHop) -> None:
    world.tell(NextHops(world.now, hops))


def test_it_is_learned_and_changed() -> None:
    world = World(policy(A, B), next_hops=NOTHING)
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
    world = World(policy(A, B), next_hops=NOTHING)
    tell(world, hop, told(1, "198.51.100.2"))
    world.run(10)
    assert world.active() == "b"
    assert [route.interface for route in world.table] == ["eth1"]


def test_what_a_lease_says_counts_more_than_what_a_client_once_wrote() -> None:
    """dhclient never corrects its route, which has metric 0."""
    wrote = replace(told(0, "198.51.100.1"), protocol=3)
    world = World(policy(A, B), next_hops=NOTHING)
    tell(world, wrote, told(1, "198.51.100.2"))
    world.run(10)
    assert str(world.best()) == "default via 198.51.100.1 dev eth0 metric 10"
    lease = replace(told(0, "198.51.100.9", metric=32), table=LEASE_TABLE)
    tell(world, wrote, lease, told(1, "198.51.100.2"))
    assert str(world.best()) == "default via 198.51.100.9 dev eth0 metric 10"
    tell(world, wrote, told(1, "198.51.100.2"))
    assert str(world.best()) == "default via 198.51.100.1 dev eth0 metric 10"


def test_a_link_with_one_other_end_needs_no_gateway() -> None:
    world = World(policy(A, B), links=[LinkState("eth0", point_to_point=True)], next_hops=NOTHING)
    tell(world, told(0, None), told(1, "198.51.100.2"))
    world.run(10)
    assert str(world.best()) == "default dev eth0 metric 10"


def test_an_ipv4_one_may_be_a_router_of_ipv6() -> None:
    world = World(policy(A, B), next_hops=NOTHING)
    tell(world, told(0, "fe80::1"), told(1, "198.51.100.2"))
    world.run(10)
    assert str(world.best()) == "default via inet6 fe80::1 dev eth0 metric 10"


def test_without_a_gateway_a_route_goes_by_the_device() -> None:
    alone = replace(A, gateway=GatewayMode.NONE)
    world = World(policy(alone, uplink("b", 1)), next_hops=NOTHING).run(10)
    assert str(world.best()) == "default dev eth0 metric 10"


def test_of_several_the_one_in_use_stays() -> None:
    world = World(policy(A), next_hops=NOTHING)
    tell(world, told(0, "198.51.100.1", 20), told(0, "198.51.100.2", 10))
    world.run(10)
    assert str(world.best()) == "default via 198.51.100.2 dev eth0 metric 10"
    tell(world, told(0, "198.51.100.1", 5), told(0, "198.51.100.2", 10))
    assert str(world.best()) == "default via 198.51.100.2 dev eth0 metric 10"


def test_a_router_may_ask_to_be_preferred() -> None:
    six = replace(uplink("a", 0, version=6), gateway=GatewayMode.AUTO)
    world = World(policy(six), next_hops=NOTHING)
    low, high = RouterPreference.MEDIUM, RouterPreference.HIGH
    first = told(0, "fe80::1", 1024, low, family=Family.IPV6)
    tell(world, first, told(0, "fe80::2", 1024, high, family=Family.IPV6))
    world.run(10)
    assert str(world.best(Family.IPV6)) == "default via fe80::2 dev eth0 metric 10"


def test_a_route_carries_what_was_learned_with_it() -> None:
    world = World(policy(A), next_hops=NOTHING)
    hop = NextHop(ip_address("198.51.100.1"), ip_address("198.51.100.77"), True, 1400)
    tell(world, LearnedHop(Family.IPV4, "eth0", hop, 1115, 0, 16))
    world.run(10)
    best = world.best()
    assert best is not None
    assert (best.source, best.onlink, best.mtu) == (ip_address("198.51.100.77"), True, 1400)


def test_what_changes_nothing_says_nothing() -> None:
    world = World(policy(A, B), next_hops=NOTHING)
    hops = told(0, "198.51.100.1"), told(1, "198.51.100.2")
    tell(world, *hops)
    world.run(100)
    said, done = len(world.outputs), len(world.actions)
    for _ in range(50):
        tell(world, *hops)
    assert (len(world.outputs), len(world.actions)) == (said, done)


# Absent.

A6, B6 = (
    replace(uplink(name, n, version=6), gateway=GatewayMode.AUTO) for n, name in enumerate("ab")
)
ADDRESS = ip_address("198.51.100.77")
ADDRESSED = LinkState("eth0", addresses=frozenset({ADDRESS}))
WITHOUT_ADDRESS = LinkState("eth0", families=frozenset())
OF = {Family.IPV4: ("198.51.100.1", "198.51.100.2"), Family.IPV6: ("fe80::1", "fe80::2")}


def both(family: Family) -> tuple[LearnedHop, LearnedHop]:
    first, second = OF[family]
    return told(0, first, family=family), told(1, second, family=family)


def two_lines(family: Family = Family.IPV4) -> World:
    world = World(policy(*((A, B) if family is Family.IPV4 else (A6, B6))), next_hops=NOTHING)
    tell(world, *both(family))
    return world.run(100)


@pytest.mark.parametrize(
    ("family", "why"),
    [(Family.IPV4, "the lease names no router"), (Family.IPV6, "no router is advertised")],
    ids=str,
)
def test_one_that_is_absent_for_a_second_fails_its_uplink_and_then_recovers(
    family: Family, why: str
) -> None:
    world = two_lines(family)
    tell(world, both(family)[1])
    world.run(100.9)
    assert world.active(family) == "a"
    world.run(101)
    assert world.switches()[-1] == (101.0, "a", "b")
    assert world.decisions()[-1].rules == ("no-next-hop",)
    assert f"a is failed (no-next-hop: {why}, for 1 s)" in world.decisions()[-1].evidence[0]
    world.run(150)
    assert world.status().health(A.id if family is Family.IPV4 else A6.id).link_lost
    tell(world, *both(family))
    world.run(209)
    assert world.active(family) == "b"
    world.run(212)
    assert world.active(family) == "a"


def test_a_written_one_needs_an_address_too() -> None:
    world = World(policy(), next_hops=NOTHING).run(100)
    world.set_links(WITHOUT_ADDRESS)
    world.run(101)
    assert world.switches()[-1] == (101.0, "primary", "secondary")
    assert "eth0 has no IPv4 address, for 1 s" in world.decisions()[-1].evidence[0]


@pytest.mark.parametrize("family", Family)
def test_a_gap_of_less_than_a_second_changes_nothing(family: Family) -> None:
    world = two_lines(family)
    world.cut("a")  # the rounds under way, and those of the gap, get no answer
    said, done = len(world.outputs), len(world.actions)
    tell(world, both(family)[1])
    world.run(100.9)
    world.mend("a")
    tell(world, *both(family))
    world.run(130)
    assert (len(world.outputs), len(world.actions)) == (said, done)


def test_a_gap_of_the_address_changes_nothing_either() -> None:
    world = World(policy(), next_hops=NOTHING).run(100)
    said, done = len(world.outputs), len(world.actions)
    world.set_links(replace(WITHOUT_ADDRESS, families=frozenset({Family.IPV6})))
    world.run(100.9)
    world.set_links(LinkState("eth0"))
    world.run(130)
    # The kernel drops IPv4 routes with the last address: only what it took is put back.
    assert all(isinstance(output, RouteLost | Reconcile) for output in world.outputs[said:])
    assert len(world.actions) - done <= 1
    assert world.switches() == []


def test_rounds_of_a_change_say_nothing_wrong() -> None:
    world = two_lines()
    world.run(100.05)
    world.cut("a")
    world.run(101.5)
    world.mend("a")
    tell(world, told(0, "198.51.100.9"), both(Family.IPV4)[1])
    world.run(130)
    assert world.switches() == []
    assert [text for text in world.notices() if text.startswith("a: the next hop")] == [
        "a: the next hop is 198.51.100.1 (table main, protocol dhcp)",
        "a: the next hop is 198.51.100.9 (table main, protocol dhcp); it was 198.51.100.1",
    ]


def test_a_change_is_make_before_break() -> None:
    world = two_lines()
    tell(world, told(0, "198.51.100.9"), both(Family.IPV4)[1])
    done = [(str(action.change.value), str(action.route)) for _, action in world.actions[-2:]]
    assert done == [
        ("append", "default via 198.51.100.9 dev eth0 metric 10"),
        ("delete", "default via 198.51.100.1 dev eth0 metric 10"),
    ]


def test_the_kernel_drops_a_route_with_its_link_and_the_lease_still_holds() -> None:
    world = World(policy(A, B), links=[ADDRESSED], next_hops=NOTHING)
    tell(world, *both(Family.IPV4))
    world.run(100)
    world.set_links(replace(ADDRESSED, up=False, carrier=False))
    tell(world, both(Family.IPV4)[1])
    world.run(110)
    world.set_links(ADDRESSED)
    world.run(180)
    assert world.active() == "a"
    assert str(world.best()) == "default via 198.51.100.1 dev eth0 metric 10"


def test_it_does_not_hold_with_another_address() -> None:
    world = World(policy(A, B), links=[ADDRESSED], next_hops=NOTHING)
    tell(world, *both(Family.IPV4))
    world.run(100)
    world.set_links(replace(ADDRESSED, up=False, carrier=False))
    tell(world, both(Family.IPV4)[1])
    world.run(110)
    world.set_links(replace(ADDRESSED, addresses=frozenset({ip_address("203.0.113.77")})))
    world.run(180)
    assert world.active() == "b"
    assert "the lease names no router" in world.status().health(A.id).evidence


def test_an_ignored_carrier_does_not_stand_for_a_next_hop() -> None:
    one = replace(A, ignore_carrier=True)
    world = World(policy(one, B), next_hops=NOTHING)
    tell(world, *both(Family.IPV4))
    world.run(100)
    tell(world, both(Family.IPV4)[1])
    world.run(102)
    assert world.active() == "b"


def test_without_any_since_the_start_it_is_unknown_and_not_failed() -> None:
    world = World(policy(A, uplink("b", 1)), next_hops=NOTHING).run(100)
    assert world.active() == "b"
    health = world.status().health(A.id)
    assert health.state is UplinkState.UNKNOWN
    assert health.last_reason == "no next hop is known yet"
    tell(world, both(Family.IPV4)[0])
    world.run(103)
    assert world.active() == "a"


# Before and after a restart.


def test_a_restart_keeps_the_route_until_another_is_learned() -> None:
    world = two_lines()
    done = len(world.actions)
    world.restart()
    world.run(130)
    assert world.active() == "a"
    assert len(world.actions) == done
    status = world.status().health(A.id)
    assert (status.from_before, status.learned) == (True, None)
    tell(world, told(0, "198.51.100.9"), both(Family.IPV4)[1])
    assert str(world.best()) == "default via 198.51.100.9 dev eth0 metric 10"
    assert not world.status().health(A.id).from_before


@pytest.mark.parametrize("family", Family)
def test_after_a_restart_it_is_kept_until_the_address_has_gone(family: Family) -> None:
    world = two_lines(family)
    world.restart()
    world.run(130)
    world.set_links(WITHOUT_ADDRESS)
    world.run(140)
    status = world.status().health((A if family is Family.IPV4 else A6).id)
    assert (status.next_hop, status.from_before) == (None, False)
    assert status.absent == f"eth0 has no {family} address"
    assert world.active(family) == "b"


def test_a_reload_from_a_written_one_keeps_it_until_another_is_learned() -> None:
    world = World(policy(uplink("a", 0), uplink("b", 1)), next_hops=NOTHING).run(100)
    done = len(world.actions)
    world.reload(policy(A, uplink("b", 1)))
    world.run(130)
    assert world.active() == "a"
    assert len(world.actions) == done


# A further family of an uplink.

DUAL4, DUAL6 = (
    replace(uplink("wan", 0, version=version), gateway=GatewayMode.AUTO) for version in (4, 6)
)


def test_a_family_that_has_never_had_one_is_in_no_selection() -> None:
    world = World(policy(DUAL4, DUAL6, uplink("b", 1)), next_hops=NOTHING)
    tell(world, told(0, "198.51.100.1"))
    world.run(200)
    assert world.active() == "wan"
    assert world.active(Family.IPV6) is None
    assert not [text for text in world.notices() if "IPv6" in text]
    world.switch("wan", force=True)
    world.run(300)
    assert world.active(Family.IPV6) is None
    tell(world, told(0, "198.51.100.1"), told(0, "fe80::1", family=Family.IPV6))
    world.run(303)
    assert world.active(Family.IPV6) == "wan"
    assert not [text for text in world.notices() if "no uplink answers" in text]
    tell(world, told(0, "198.51.100.1"))
    world.run(310)
    assert world.status().health(DUAL6.id).state is UplinkState.FAILED
