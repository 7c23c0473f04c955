"""What an answer of the real kernel tells of the route that matched."""

from ipaddress import ip_address

import pytest
import trio

from route_switcher.core.vocabulary.kernel_routes import KernelHop
from route_switcher.core.vocabulary.lookups import Lookup, own_traffic
from route_switcher.core.vocabulary.uplinks import Family
from support.asking import BOTH, FLAGS, GATEWAYS, TARGETS, Ip, way

pytestmark = pytest.mark.kernel


@BOTH
async def test_every_hop_of_a_multipath_route_is_told(family: Family, net: None, ip: Ip) -> None:
    first, second = GATEWAYS[family]
    ip(
        f"{FLAGS[family]} route add {TARGETS[family]} metric 5 nexthop via {first} dev eth0"
        f" nexthop via {second} dev eth1"
    )
    found = await way(own_traffic(TARGETS[family]))
    assert set(found.hops) == {KernelHop("eth0", first), KernelHop("eth1", second)}
    assert (found.metric, found.default) == (5, False)


async def test_a_gateway_of_the_other_family_is_told(net: None, ip: Ip) -> None:
    ip("route add 203.0.113.9/32 via inet6 2001:db8::99 dev eth0 src 198.51.100.2")
    found = await way(own_traffic(TARGETS[Family.IPV4]))
    assert found.hops == (KernelHop("eth0", ip_address("2001:db8::99")),)
    assert found.source == ip_address("198.51.100.2")


@BOTH
async def test_a_route_through_a_nexthop_object_tells_its_number(
    family: Family, net: None, ip: Ip
) -> None:
    ip(
        f"{FLAGS[family]} nexthop add id 7 via {GATEWAYS[family][1]} dev eth1",
        f"{FLAGS[family]} route add {TARGETS[family]} nhid 7",
    )
    found = await way(own_traffic(TARGETS[family]))
    assert (found.nexthop, found.hops) == (7, (KernelHop("eth1", GATEWAYS[family][1]),))


@BOTH
async def test_a_link_without_a_carrier_is_marked(family: Family, net: None, ip: Ip) -> None:
    ip("link set isp0 down")
    hops = await marked_hops(own_traffic(TARGETS[family]))
    assert [hop.interface for hop in hops] == ["eth0"]


async def marked_hops(lookup: Lookup) -> tuple[KernelHop, ...]:
    """The kernel marks routes a moment after the link has lost its carrier (linkwatch)."""
    with trio.fail_after(60):
        while True:
            hops = (await way(lookup)).hops
            if all(hop.linkdown for hop in hops):
                return hops
