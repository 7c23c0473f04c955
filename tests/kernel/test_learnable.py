"""Default routes of every table, read from the real kernel."""

import subprocess
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from random import Random

import pytest

from route_switcher.core.vocabulary.kernel_routes import (
    KernelHop,
    KernelRoute,
    RouterPreference,
    RouteScope,
)
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.framing import HEADER, RTM_NEWROUTE, Discarded
from route_switcher.kernel.rtnetlink.kernel_routes import (
    ROUTE,
    defaults_of_every_table,
    kernel_route,
)
from route_switcher.kernel.rtnetlink.learnable import default_routes
from route_switcher.kernel.rtnetlink.names import own_name

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]

BOTH = pytest.mark.parametrize("family", list(Family), ids=str)
FLAGS = {Family.IPV4: "-4", Family.IPV6: "-6"}
VIA = {Family.IPV4: ("198.51.100.1", "198.51.100.129"), Family.IPV6: ("fe80::1", "fe80::2")}
OWN = {Family.IPV4: "198.51.100.2", Family.IPV6: "2001:db8::2"}
TABLES = (254, 100, 70000)


@pytest.fixture(autouse=True)
def clean(wires: None) -> Iterator[None]:
    yield
    for flag in FLAGS.values():
        for table in TABLES:
            words = ["ip", flag, "route", "flush", "table", str(table)]
            subprocess.run(words, capture_output=True)


async def defaults(family: Family) -> list[KernelRoute]:
    """Without the dead end that IPv6 may show of its own."""
    found = await default_routes(family, own_name, Discarded())
    return sorted(found, key=lambda route: (route.table, route.metric))


@BOTH
async def test_defaults_of_every_table_are_told_and_nothing_else(family: Family, ip: Ip) -> None:
    flag, via = FLAGS[family], VIA[family]
    other = "203.0.113.0/24" if family is Family.IPV4 else "2001:db8:ff::/48"
    ip(
        f"{flag} route add default via {via[0]} dev eth0 metric 10 proto dhcp table 70000"
        f" src {OWN[family]} mtu 1400 onlink",
        f"{flag} route add default dev eth1 metric 20 proto static table 100",
        f"{flag} route add unreachable default metric 30 proto 115",
        f"{flag} route add {other} via {via[0]} dev eth0",
    )
    link = RouteScope.LINK if family is Family.IPV4 else RouteScope.UNIVERSE
    gateway = KernelHop("eth0", ip_address(via[0]), onlink=True)
    assert await defaults(family) == [
        KernelRoute(family, 100, 4, RouteKind.UNICAST, link, 20, (KernelHop("eth1", None),)),
        KernelRoute(family, 254, 115, RouteKind.UNREACHABLE, RouteScope.UNIVERSE, 30, ()),
        KernelRoute(
            *(family, 70000, 16, RouteKind.UNICAST, RouteScope.UNIVERSE, 10, (gateway,)),
            source=ip_address(OWN[family]),
            mtu=1400,
        ),
    ]


@BOTH
async def test_every_next_hop_of_a_default_is_told(family: Family, ip: Ip) -> None:
    flag, (first, second) = FLAGS[family], VIA[family]
    ip(
        f"{flag} route add default metric 10 nexthop via {first} dev eth0"
        f" nexthop via {second} dev eth1",
        f"{flag} nexthop add id 9 via {first} dev eth0",
        f"{flag} route add default metric 20 nhid 9",
    )
    multipath, by_object = await defaults(family)
    hops = (KernelHop("eth0", ip_address(first)), KernelHop("eth1", ip_address(second)))
    assert (multipath.hops, multipath.nexthop) == (hops, 0)
    assert (by_object.hops, by_object.nexthop) == (hops[:1], 9)
    ip("nexthop flush")


async def test_an_ipv4_default_may_lead_through_an_ipv6_gateway(ip: Ip) -> None:
    ip("-4 route add default via inet6 fe80::99 dev eth0")
    (route,) = await defaults(Family.IPV4)
    assert route.hops == (KernelHop("eth0", ip_address("fe80::99")),)


async def test_the_life_and_the_preference_of_an_ipv6_default_are_told(ip: Ip) -> None:
    line = "-6 route add default via fe80::1 dev eth0 proto ra"
    ip(f"{line} metric 1024 expires 900 pref high", f"{line} metric 1025 pref low")
    lasting, staying = await defaults(Family.IPV6)
    assert lasting.expires is not None
    assert 0 < lasting.expires <= 900
    assert (lasting.preference, lasting.protocol) == (RouterPreference.HIGH, 9)
    assert (staying.expires, staying.preference) == (None, RouterPreference.LOW)


@BOTH
async def test_defaults_are_found_in_a_large_table(family: Family, ip: Ip) -> None:
    flag, via = FLAGS[family], VIA[family][0]
    nets = (
        [f"203.{n >> 8}.{n & 255}.0/24" for n in range(5000)]
        if family is Family.IPV4
        else [f"2001:db8:{n:x}:1::/64" for n in range(16, 5016)]
    )
    ip(*(f"{flag} route add {net} via {via} dev eth0" for net in nets))
    ip(f"{flag} route add default via {via} dev eth0 metric 7 table 100")
    (route,) = await defaults(family)
    assert (route.table, route.metric) == (100, 7)


def test_random_bytes_are_a_route_or_malformed() -> None:
    random = Random(11)
    attributes = b"".join(
        (4 + size).to_bytes(2, "little") + kind.to_bytes(2, "little") + bytes(size + -size % 4)
        for kind, size in ((4, 4), (5, 4), (6, 4), (7, 4), (9, 16), (12, 28), (18, 18), (20, 1))
    )
    seed = HEADER.pack(0, RTM_NEWROUTE, 2, 1, 0) + ROUTE.pack(2, 0, 0, 0, 254, 3, 0, 1, 0)
    seed += attributes
    discarded = Discarded()
    for _ in range(20_000):
        data = bytearray(seed)
        data[:4] = len(data).to_bytes(4, "little")
        for _ in range(random.randrange(1, 8)):
            data[random.randrange(len(data))] = random.randrange(256)
        cut = bytes(data[: random.randrange(len(data) + 1)])
        for message in defaults_of_every_table(cut, discarded):
            try:
                kernel_route(message, own_name)
            except MalformedMessageError:
                continue
