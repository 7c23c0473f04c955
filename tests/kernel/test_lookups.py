"""The ways that the kernel would take, asked on the real kernel."""

import errno
import resource
import socket
import subprocess
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute
from route_switcher.core.vocabulary.lookups import (
    Answer,
    Lookup,
    Refused,
    Unanswered,
    accepted_answer,
    bound_probe,
    forwarded_traffic,
    own_connection,
    own_traffic,
)
from route_switcher.core.vocabulary.policy import Family
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.lookups import AT_ONCE, answers
from route_switcher.kernel.rtnetlink.names import index_of, own_name

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]
Sysctl = Callable[[str, int], None]

BOTH = pytest.mark.parametrize("family", list(Family), ids=str)
FLAGS = {Family.IPV4: "-4", Family.IPV6: "-6"}
TARGETS = {
    Family.IPV4: ip_address("203.0.113.9"),
    Family.IPV6: ip_address("2001:db8:ffff::9"),
}
GATEWAYS = {
    Family.IPV4: tuple(map(ip_address, ("198.51.100.1", "198.51.100.129"))),
    Family.IPV6: tuple(map(ip_address, ("2001:db8:0::1", "2001:db8:1::1"))),
}
CLIENTS = {
    Family.IPV4: ip_address("203.0.113.130"),
    Family.IPV6: ip_address("2001:db8:a::9"),
}
OTHERS_TABLE = 100


async def ask(lookup: Lookup) -> Answer:
    return (await answers([lookup], index_of, own_name, Discarded()))[lookup]


async def way(lookup: Lookup) -> KernelRoute:
    answer = await ask(lookup)
    assert isinstance(answer, KernelRoute), answer
    return answer


async def refusal(lookup: Lookup) -> Refused:
    answer = await ask(lookup)
    assert isinstance(answer, Refused), answer
    return answer


async def leaves_by(lookup: Lookup) -> tuple[str, int]:
    """The interface and the table."""
    found = await way(lookup)
    (hop,) = found.hops
    return hop.interface, found.table


@pytest.fixture
def net(wires: None, ip: Ip) -> Iterator[None]:
    """Two uplinks with standing routes, and a network of clients behind `lan0`."""
    ip(
        "link add lan0 type veth peer name client0",
        "link set client0 up",
        "link set lan0 up",
        "addr add 203.0.113.129/25 dev lan0",
        "addr add 2001:db8:a::1/64 dev lan0 nodad",
    )
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        _sysctl(name, 1)
    for number, metric in ((0, 10), (1, 20)):
        for family in Family:
            via = GATEWAYS[family][number]
            line = f"route add default via {via} dev eth{number} metric {metric} proto 115"
            ip(f"{FLAGS[family]} {line}")
    yield
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/all/rp_filter"):
        _sysctl(name, 0)
    subprocess.run(["ip", "link", "del", "lan0"], capture_output=True)
    for flag in FLAGS.values():
        for table in (OTHERS_TABLE, 116, 117):
            words = ["ip", flag, "route", "flush", "table", str(table)]
            subprocess.run(words, capture_output=True)
        for preference in (50, 51, 100, 101):
            words = ["ip", flag, "rule", "del", "pref", str(preference)]
            while subprocess.run(words, capture_output=True).returncode == 0:
                pass


def _sysctl(name: str, value: int) -> None:
    with open(f"/proc/sys/net/{name}", "w") as file:
        file.write(str(value))


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
        ("ipproto tcp", "own forwarded", "forwarded"),
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
@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("blackhole", {errno.EINVAL}),
        ("unreachable", {errno.EHOSTUNREACH}),
        ("prohibit", {errno.EACCES}),
    ],
)
async def test_a_dead_end_is_refused_in_plain_words(
    family: Family, kind: str, codes: set[int], net: None, ip: Ip
) -> None:
    target = TARGETS[family]
    ip(f"{FLAGS[family]} route add {kind} {target}")
    refused = await refusal(own_traffic(target))
    assert refused.code in codes
    assert kind in refused.reason


@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
async def test_a_bound_ipv4_probe_meets_dead_ends_too(kind: str, net: None, ip: Ip) -> None:
    """Without RTM_F_FIB_MATCH the kernel would answer with the target on the link."""
    target = TARGETS[Family.IPV4]
    ip(f"route add {kind} {target}")
    assert (await refusal(bound_probe(target, "eth1"))).code == errno.EHOSTUNREACH
    plain = Lookup(target, out_interface="eth1", with_exceptions=True)
    found = await way(plain)
    assert (found.hops, found.for_one_flow) == ((KernelHop("eth1", None),), True)


async def test_a_bound_ipv6_probe_walks_past_dead_ends(net: None, ip: Ip) -> None:
    target = TARGETS[Family.IPV6]
    ip(f"-6 route add blackhole {target}")
    assert await leaves_by(bound_probe(target, "eth1")) == ("eth1", 254)
    assert isinstance(await ask(own_traffic(target)), Refused)


@BOTH
async def test_no_route_is_refused(family: Family, net: None, ip: Ip) -> None:
    ip(f"{FLAGS[family]} route flush table main proto 115")
    refused = await refusal(own_traffic(TARGETS[family]))
    assert (refused.code, refused.reason) == (errno.ENETUNREACH, "no route leads there")
    assert isinstance(await ask(bound_probe(TARGETS[family], "eth0")), Refused)


@BOTH
async def test_a_missing_interface_is_refused(family: Family, net: None) -> None:
    refused = await refusal(bound_probe(TARGETS[family], "gone0"))
    assert (refused.code, refused.reason) == (errno.ENODEV, "the interface is not there")


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
    (hop,) = (await way(own_traffic(TARGETS[family]))).hops
    assert (hop.interface, hop.linkdown) == ("eth0", True)


async def test_a_strict_rp_filter_refuses_the_answers_of_the_standby(
    net: None, sysctl: Sysctl
) -> None:
    target = TARGETS[Family.IPV4]
    active = accepted_answer(ip_address("198.51.100.2"), target, "eth0")
    standby = accepted_answer(ip_address("198.51.100.130"), target, "eth1")
    for value in (0, 2):
        sysctl("ipv4/conf/all/rp_filter", value)
        assert (await way(active)).kind is RouteKind.LOCAL
        assert (await way(standby)).kind is RouteKind.LOCAL
    sysctl("ipv4/conf/all/rp_filter", 1)
    assert (await way(active)).kind is RouteKind.LOCAL
    refused = await refusal(standby)
    assert refused.code in (errno.EINVAL, errno.EXDEV)
    assert "rp_filter" in refused.reason


async def test_forwarding_switched_off_is_refused(net: None, sysctl: Sysctl) -> None:
    sysctl("ipv4/ip_forward", 0)
    family = Family.IPV4
    refused = await refusal(forwarded_traffic(TARGETS[family], CLIENTS[family], "lan0"))
    assert (refused.code, "forwarding is off" in refused.reason) == (errno.EHOSTUNREACH, True)


@BOTH
async def test_an_interface_may_be_named_by_its_second_name(
    family: Family, net: None, ip: Ip
) -> None:
    ip("link property add dev eth1 altname second-line")
    assert await leaves_by(bound_probe(TARGETS[family], "second-line")) == ("eth1", 254)


async def test_many_questions_are_answered_each_for_itself(net: None) -> None:
    """More than one send, and more than a socket's buffer could hold."""
    lookups = []
    for number in range(4 * AT_ONCE + 3):
        target = ip_address(int(TARGETS[Family.IPV6]) + number)
        lookups += [
            own_traffic(target),
            bound_probe(target, "eth1"),
            bound_probe(target, "gone0"),
        ]
    found = await answers(lookups, index_of, own_name, Discarded(), patience=60)
    assert list(found) == lookups
    for lookup, answer in found.items():
        if lookup.out_interface == "gone0":
            assert isinstance(answer, Refused)
        else:
            assert isinstance(answer, KernelRoute)
            assert answer.hops[0].interface == (lookup.out_interface or "eth0")


async def test_no_time_is_no_answer(net: None) -> None:
    lookup = own_traffic(TARGETS[Family.IPV4])
    found = await answers([lookup], index_of, own_name, Discarded(), patience=0)
    assert found == {lookup: Unanswered("the kernel has not answered within 0 s")}


async def test_no_descriptor_is_no_answer(net: None) -> None:
    lookup = own_traffic(TARGETS[Family.IPV4])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        found = await answers([lookup], index_of, own_name, Discarded(), patience=0.2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert isinstance(found[lookup], Unanswered)
