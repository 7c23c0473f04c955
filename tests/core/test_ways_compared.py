"""What the kernel's answer means beside the plan, for any answer."""

import errno
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute, RouteScope
from route_switcher.core.vocabulary.lookups import Answer, Refused, Unanswered
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import PROTOCOL, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.ways.comparison import Difference, Meant, Uplinks, compare

GATEWAY = ip_address("198.51.100.1")
OTHER = ip_address("198.51.100.50")
FAR = ip_address("203.0.113.1")
MINE, THEIRS = ip_address("198.51.100.10"), ip_address("203.0.113.10")
SHARED = ip_address("198.51.100.20")
"""Two modems of one make gave it to both."""
BOTH = frozenset({"eth0", "eth1"})
UPLINKS = Uplinks(BOTH, {MINE: frozenset({"eth0"}), THEIRS: frozenset({"eth1"}), SHARED: BOTH})
RIGHT = KernelRoute(
    Family.IPV4,
    MAIN_TABLE,
    PROTOCOL,
    RouteKind.UNICAST,
    RouteScope.UNIVERSE,
    10,
    (KernelHop("eth0", GATEWAY),),
)
TRAFFIC = Meant("eth0", GATEWAY, MAIN_TABLE)
PROBE = Meant("eth0", GATEWAY, bound=True)


def by(interface: str, gateway: object, **more: object) -> KernelRoute:
    hop = KernelHop(interface, gateway)  # type: ignore[arg-type]
    return replace(RIGHT, hops=(hop,), **more)  # type: ignore[arg-type]


def of(answer: Answer, meant: Meant) -> Difference | None:
    wrong = compare(answer, meant, UPLINKS)
    return None if wrong is None else wrong.difference


@pytest.mark.parametrize(
    ("answer", "traffic", "probe"),
    [
        (RIGHT, None, None),
        (replace(RIGHT, table=100), Difference.OTHER_TABLE, None),
        (replace(RIGHT, table=100, prefix_length=32), None, None),
        (by("eth0", OTHER), Difference.OTHER_GATEWAY, Difference.OTHER_GATEWAY),
        (by("eth0", None), Difference.OTHER_GATEWAY, Difference.OTHER_GATEWAY),
        (by("eth1", FAR), Difference.OTHER_UPLINK, Difference.OTHER_UPLINK),
        (by("wg0", None), Difference.NO_UPLINK, Difference.NO_UPLINK),
        (replace(RIGHT, source=THEIRS), None, Difference.OTHER_SOURCE),
        (replace(RIGHT, source=MINE), None, None),
        (replace(RIGHT, source=SHARED), None, None),
        (replace(RIGHT, kind=RouteKind.LOCAL), Difference.OURSELVES, Difference.OURSELVES),
        (Refused(errno.EHOSTUNREACH, ""), Difference.REFUSED, Difference.REFUSED),
        (Refused(errno.ENODEV, ""), None, None),
        (Unanswered(""), None, None),
        # A neighbour: the kernel's route to a connected network, or one of a DHCP client.
        (by("eth0", None, prefix_length=26, protocol=2), None, None),
        (by("lan0", None, prefix_length=26, protocol=2), None, Difference.NO_UPLINK),
        (by("eth0", None, prefix_length=24, protocol=16), None, None),
        (by("eth0", None, prefix_length=32), Difference.OTHER_GATEWAY, Difference.OTHER_GATEWAY),
        (by("eth0", None, prefix_length=1), Difference.OTHER_GATEWAY, Difference.OTHER_GATEWAY),
        # A route with several next hops: one that is wrong is enough, unless it is dead.
        (
            replace(RIGHT, hops=(KernelHop("eth0", GATEWAY), KernelHop("eth1", FAR))),
            Difference.OTHER_UPLINK,
            None,
        ),
        (
            replace(RIGHT, hops=(KernelHop("eth0", GATEWAY), KernelHop("eth1", FAR, dead=True))),
            None,
            None,
        ),
        (replace(RIGHT, hops=(), nexthop=7), None, None),
    ],
)
def test_each_kind_of_answer(
    answer: Answer, traffic: Difference | None, probe: Difference | None
) -> None:
    assert of(answer, TRAFFIC) is traffic
    assert of(answer, PROBE) is probe


def test_a_link_to_one_host_needs_no_gateway() -> None:
    meant = Meant("eth0", None, MAIN_TABLE)
    assert of(by("eth0", None), meant) is None
    assert of(by("eth0", OTHER), meant) is Difference.OTHER_GATEWAY


hops = st.builds(
    KernelHop,
    st.sampled_from(["eth0", "eth1", "lan0", "wg0", ""]),
    st.sampled_from([None, GATEWAY, OTHER, FAR, ip_address("fe80::1")]),
    dead=st.booleans(),
)
routes = st.builds(
    KernelRoute,
    st.just(Family.IPV4),
    st.sampled_from([MAIN_TABLE, 100, 115, 255]),
    st.sampled_from([2, 3, 9, 16, PROTOCOL]),
    st.sampled_from(RouteKind),
    st.sampled_from(RouteScope),
    st.integers(0, 5000),
    st.lists(hops, max_size=3).map(tuple),
    st.integers(0, 32),
    st.sampled_from([None, MINE, THEIRS]),
)


@given(routes, st.sampled_from([TRAFFIC, PROBE]))
def test_whatever_leaves_by_the_right_hop_alone_is_no_other_way(
    route: KernelRoute, meant: Meant
) -> None:
    only = replace(route, kind=RouteKind.UNICAST, hops=RIGHT.hops)
    assert of(only, meant) in (None, Difference.OTHER_TABLE, Difference.OTHER_SOURCE)


@given(routes, st.sampled_from([TRAFFIC, PROBE]))
def test_what_may_leave_by_another_uplink_s_gateway_is_never_right_for_traffic(
    route: KernelRoute, meant: Meant
) -> None:
    route = replace(route, kind=RouteKind.UNICAST)
    found = of(route, TRAFFIC)
    if any((hop.interface, hop.gateway) == ("eth1", FAR) and not hop.dead for hop in route.hops):
        assert found is not None


@given(routes, st.sampled_from([TRAFFIC, PROBE]))
def test_what_is_said_to_be_elsewhere_names_a_hop_that_is_not_the_right_one(
    route: KernelRoute, meant: Meant
) -> None:
    wrong = compare(route, meant, UPLINKS)
    elsewhere = (Difference.OTHER_UPLINK, Difference.OTHER_GATEWAY, Difference.NO_UPLINK)
    if wrong is not None and wrong.difference in elsewhere:
        assert wrong.hop is not None
        assert (wrong.hop.interface, wrong.hop.gateway) != (meant.interface, meant.gateway)
