"""Every command that we print as a remedy does what it says, and nothing else, when it is run."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import pytest

from route_switcher.core.routing.conflicts import conflicts, describe_conflict
from route_switcher.core.routing.refusal_reasons import APPENDED
from route_switcher.core.routing.remedies import (
    hop_deletion,
    our_routes_deletion,
    quoted,
    route_deletion,
)
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.kernel.host.ipv6_settings import (
    what_disables_ipv6,
    what_ignores_advertisements,
)
from route_switcher.kernel.host.rp_filter import rp_filter_remedy, strict_rp_filter
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]

UPLINKS = {
    Family.IPV4: [
        Uplink("a", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4),
        Uplink("b", "eth1", ip_address("198.51.100.129"), 20, Family.IPV4),
    ],
    Family.IPV6: [
        Uplink("a", "eth0", ip_address("2001:db8:0::1"), 10, Family.IPV6),
        Uplink("b", "eth1", ip_address("2001:db8:1::1"), 20, Family.IPV6),
    ],
}

ROUTES = {
    Family.IPV4: (
        "default via 198.51.100.1 dev eth0",
        "default via 198.51.100.1 dev eth0 metric 0 proto dhcp",
        "default via 198.51.100.1 dev eth0 metric 10 proto dhcp src 198.51.100.2",
        "default via 198.51.100.1 dev eth0 metric 7 mtu 1400 advmss 1300 proto static",
        "default via 203.0.113.77 dev eth0 metric 7 onlink proto static",
        "default via inet6 2001:db8:1::1 dev eth1 metric 7",
        "default dev eth1 metric 7 scope link",
        "default via 198.51.100.1 dev eth0 metric 7 proto 99",
        "default via 198.51.100.1 dev eth0 metric 7 proto 18",
        "default via 198.51.100.1 dev eth0 metric 7 proto 0",
        "throw default metric 7",
        "unreachable default metric 700 proto 77",
        "blackhole default metric 7",
        "prohibit default",
        "multicast default dev eth0 metric 7",
        "default metric 7 nexthop via 198.51.100.1 dev eth0 nexthop via 198.51.100.129 dev eth1",
        "default metric 7 nexthop dev eth0 weight 1 nexthop via 198.51.100.129 dev eth1 weight 3",
        "default nhid 70 metric 7 proto static",
        "default nhid 70 metric 700 proto static",
        "default nhid 72 metric 7",
        "default nhid 73 metric 7",
    ),
    Family.IPV6: (
        "default via 2001:db8:0::1 dev eth0 metric 7",
        "default via 2001:db8:0::1 dev eth0 metric 7 proto ra pref high",
        "default via 2001:db8:0::1 dev eth0 metric 7 src 2001:db8:0::2 mtu 1400",
        "default via fe80::77 dev eth0 metric 7",
        "default via 2001:db8:77::1 dev eth0 metric 7 onlink",
        "default dev eth1 metric 7",
        "throw default metric 7",
        "unreachable default metric 700",
        "blackhole default metric 7 proto 77",
        "prohibit default metric 7",
        "default metric 7 nexthop via 2001:db8::1 dev eth0 nexthop via 2001:db8:1::1 dev eth1",
        "default nhid 80 metric 7 proto static",
        "default nhid 82 metric 7",
        "default nhid 83 metric 7",
    ),
}
OBJECTS = (
    "nexthop add id 70 via 198.51.100.1 dev eth0",
    "nexthop add id 71 via 198.51.100.129 dev eth1",
    "nexthop add id 72 group 70/71",
    "nexthop add id 73 blackhole",
    "-6 nexthop add id 80 via 2001:db8:0::1 dev eth0",
    "-6 nexthop add id 81 via 2001:db8:1::1 dev eth1",
    "nexthop add id 82 group 80/81",
    "-6 nexthop add id 83 blackhole",
)


@pytest.fixture
def objects(wires: None, ip: Ip) -> Iterator[None]:
    for each in OBJECTS:
        ip(each)
    yield
    run("ip", "nexthop", "flush")


def run(*words: str) -> str:
    done = subprocess.run(words, text=True, capture_output=True)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def shell(command: str, program: str = "sh") -> None:
    """As a person pastes it."""
    run(program, "-c", command)


def table() -> str:
    shown = (run("ip", "-d", family, "route", "show", "table", "main") for family in ("-4", "-6"))
    return "".join(shown)


@contextmanager
def interface(name: str) -> Iterator[None]:
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "peer")
    try:
        yield
    finally:
        run("ip", "link", "del", name)


@pytest.mark.usefixtures("objects")
@pytest.mark.parametrize(
    ("family", "route"), [(family, route) for family, routes in ROUTES.items() for route in routes]
)
async def test_an_obstacle_is_told_once_with_a_command_that_removes_it(
    kernel: NetlinkKernel, ip: Ip, family: Family, route: str
) -> None:
    uplinks = UPLINKS[family]
    for metric in (5, 600, 1010):
        ip(f"-{family.value} route add default via {uplinks[0].gateway} metric {metric} proto 115")
    # Others of other metrics and protocols, which must stay.
    ip(f"-{family.value} route add default via {uplinks[1].gateway} metric 900 proto 4")
    before = table()
    ip(f"-{family.value} route add {route}")
    (found,) = conflicts(uplinks, await kernel.default_routes())
    text = describe_conflict(found, uplinks)
    command = text[text.index("delete it: ") + len("delete it: ") :]
    assert command == route_deletion(found)
    shell(command)
    assert table() == before


NAMES = ("eth$0", "a;reboot", "it's", "eth0*", "~", "#1", "a&b", "\udcff-x")


@pytest.mark.parametrize("name", NAMES)
async def test_the_name_of_an_interface_is_quoted(kernel: NetlinkKernel, name: str) -> None:
    with interface(name):
        run("ip", "link", "set", name, "up")
        run("ip", "route", "add", "default", "dev", name, "metric", "5")
        (found,) = await kernel.default_routes()
        assert found.interface == name
        shell(route_deletion(found), "bash")  # $'…' is of POSIX 2024
        assert await kernel.default_routes() == ()


async def test_a_hop_that_was_appended_to_a_route_of_ours_is_no_deletion_of_ours(
    kernel: NetlinkKernel, ip: Ip
) -> None:
    first, second = UPLINKS[Family.IPV6]
    ours = Route(Family.IPV6, first.interface, first.written_gateway, 10)
    assert await kernel.apply(RouteAction(Change.ADD, ours, "")) is None
    ip(f"-6 route append default via {second.gateway} dev eth1 metric 10")
    appended = Route(Family.IPV6, second.interface, second.written_gateway, 10)
    routes = await kernel.default_routes()
    assert set(routes) == {ours, appended}  # the kernel shows both as ours
    assert await kernel.apply(RouteAction(Change.DELETE, appended, "")) == APPENDED
    # A replacement would take the other's hop along.
    other = Route(Family.IPV6, first.interface, ip_address("2001:db8:0::99"), 10)
    assert await kernel.apply(RouteAction(Change.REPLACE, other, "")) is not None
    assert set(await kernel.default_routes()) == {ours, appended}
    (hop,) = [route for route in routes if route == appended]
    shell(hop_deletion(hop))
    assert await kernel.default_routes() == (ours,)


@pytest.mark.parametrize("family", Family)
async def test_all_routes_of_ours_can_be_removed(
    kernel: NetlinkKernel, ip: Ip, family: Family
) -> None:
    uplinks = UPLINKS[family]
    for metric in (10, 1020):
        ours = Route(family, "eth0", uplinks[0].written_gateway, metric)
        assert await kernel.apply(RouteAction(Change.ADD, ours, "")) is None
    ip(f"-{family.value} route add default via {uplinks[1].gateway} metric 900 proto 4")
    shell(our_routes_deletion(family))
    assert [route.metric for route in await kernel.default_routes()] == [900]


@pytest.mark.parametrize("name", ["eth0.7", "e$h"])
def test_the_reverse_path_filter_of_any_interface_can_be_loosened(name: str) -> None:
    with interface(name):
        run("sysctl", "-qw", f"net.ipv4.conf.{name.replace('.', '/')}.rp_filter=1")
        assert strict_rp_filter(name)
        shell(rp_filter_remedy(name))
        assert strict_rp_filter(name) is None


@pytest.mark.parametrize("name", ["eth0.7", "e$h"])
@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"disable_ipv6": 1}, what_disables_ipv6),
        ({"accept_ra": 1, "forwarding": 1}, what_ignores_advertisements),
    ],
)
def test_settings_that_keep_any_interface_from_ipv6_can_be_undone(
    name: str, settings: dict[str, int], found: Callable[[str], str | None]
) -> None:
    with interface(name):
        run("sysctl", "-qw", f"net.ipv6.conf.{name.replace('.', '/')}.accept_ra=2")
        assert found(name) is None
        for key, value in settings.items():
            run("sysctl", "-qw", f"net.ipv6.conf.{name.replace('.', '/')}.{key}={value}")
        text = found(name)
        assert text is not None
        shell(text[text.index("sysctl -w") :])
        assert found(name) is None
    assert found(name) is None


def test_plain_words_are_not_quoted() -> None:
    assert quoted("eth0.100") == "eth0.100"
