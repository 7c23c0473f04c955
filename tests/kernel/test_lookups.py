"""Which way the kernel would take for each kind of traffic, asked on the real kernel."""

import socket
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.kernel_routes import KernelHop
from route_switcher.core.vocabulary.lookups import (
    bound_probe,
    forwarded_traffic,
    own_connection,
    own_traffic,
)
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from support.asking import BOTH, CLIENTS, FLAGS, GATEWAYS, TARGETS, Ip, leaves_by, way

pytestmark = pytest.mark.kernel


@BOTH
async def test_own_traffic_has_a_table_a_metric_and_a_writer(family: Family, net: None) -> None:
    found = await way(own_traffic(TARGETS[family]))
    assert (found.table, found.metric, found.protocol) == (254, 10, 115)
    assert (found.family, found.kind, found.default) == (family, RouteKind.UNICAST, True)
    assert found.hops == (KernelHop("eth0", GATEWAYS[family][0]),)
    assert not found.for_one_flow


@BOTH
async def test_probes_and_forwarded_packets_have_ways_of_their_own(
    family: Family, net: None, ip: Ip
) -> None:
    target, client = TARGETS[family], CLIENTS[family]
    assert await leaves_by(bound_probe(target, "eth1")) == ("eth1", 254)
    ip(
        f"{FLAGS[family]} route add default via {GATEWAYS[family][1]} dev eth1 table 100",
        f"{FLAGS[family]} rule add iif lan0 lookup 100 pref 100",
    )
    assert await leaves_by(own_traffic(target)) == ("eth0", 254)
    assert await leaves_by(forwarded_traffic(target, client, "lan0")) == ("eth1", 100)


@BOTH
@pytest.mark.parametrize(
    ("selector", "asked", "moved"),
    [
        ("", "own bound forwarded marked", "own forwarded marked"),
        ("oif eth0", "bound", ""),
        ("fwmark 0x80000/0xff0000", "own marked forwarded", "marked"),
        ("uidrange 0-0", "own forwarded", "own forwarded"),
        ("uidrange 1000-1000", "own forwarded", ""),
        ("ipproto 6", "own forwarded", "forwarded"),
    ],
)
async def test_a_rule_before_main_is_seen_where_it_matches(
    family: Family, selector: str, asked: str, moved: str, net: None, ip: Ip
) -> None:
    """`bound` asks for eth0; a table without a route for eth0 does not hold it."""
    target = TARGETS[family]
    lookups = {
        "own": own_traffic(target),
        "bound": bound_probe(target, "eth0"),
        "forwarded": forwarded_traffic(target, CLIENTS[family], "lan0"),
        "marked": own_traffic(target, mark=0x80000),
    }
    ip(
        f"{FLAGS[family]} route add default via {GATEWAYS[family][1]} dev eth1 table 100",
        f"{FLAGS[family]} rule add {selector} lookup 100 pref 100",
    )
    found = {name: await leaves_by(lookups[name]) for name in asked.split()}
    expected = {
        name: ("eth1", 100) if name in moved.split() else ("eth0", 254) for name in asked.split()
    }
    assert found == expected


@BOTH
async def test_a_rule_about_the_interface_or_icmp_holds_probes(
    family: Family, net: None, ip: Ip
) -> None:
    gateway = GATEWAYS[family][0]
    icmp = "icmp" if family is Family.IPV4 else "ipv6-icmp"
    for number, selector in ((100, "oif eth0"), (116, f"ipproto {icmp}")):
        ip(
            f"{FLAGS[family]} route add default via {gateway} dev eth0 table {number}",
            f"{FLAGS[family]} rule add {selector} lookup {number} pref 100",
        )
        assert await leaves_by(bound_probe(TARGETS[family], "eth0")) == ("eth0", number)
        ip(f"{FLAGS[family]} rule del pref 100")
        assert await leaves_by(bound_probe(TARGETS[family], "eth0")) == ("eth0", 254)


async def test_a_rule_about_the_source_holds_connections_only(net: None, ip: Ip) -> None:
    target = TARGETS[Family.IPV4]
    ip(
        "route add default via 198.51.100.129 dev eth1 table 100",
        "rule add from 198.51.100.2 lookup 100 pref 100",
    )
    assert await leaves_by(own_traffic(target)) == ("eth0", 254)
    connection = own_connection(target, ip_address("198.51.100.2"))
    assert await leaves_by(connection) == ("eth1", 100)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as real:
        real.connect((str(target), 9))
        assert real.getsockname()[0] == "198.51.100.2"


@BOTH
async def test_an_interface_may_be_named_by_its_second_name(
    family: Family, net: None, ip: Ip
) -> None:
    ip("link property add dev eth1 altname second-line")
    assert await leaves_by(bound_probe(TARGETS[family], "second-line")) == ("eth1", 254)
