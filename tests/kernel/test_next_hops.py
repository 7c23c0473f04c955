"""Next hops learned from the default routes of others, on the real kernel."""

import subprocess
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from math import inf

import pytest
import trio

from route_switcher.core.vocabulary.kernel_routes import RouterPreference
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.kernel.base import KernelNews
from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from support.kernel_news import heard

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]
Sysctl = Callable[[str, int], None]

BOTH = pytest.mark.parametrize("family", list(Family), ids=str)
FLAGS = {Family.IPV4: "-4", Family.IPV6: "-6"}
VIA = {Family.IPV4: ("198.51.100.1", "198.51.100.129"), Family.IPV6: ("fe80::1", "fe80::2")}
OWN = {Family.IPV4: "198.51.100.2", Family.IPV6: "2001:db8::2"}
NEWS = KernelNews(next_hops=True)


def auto(
    interface: str,
    family: Family = Family.IPV4,
    gateway: GatewayMode = GatewayMode.AUTO,
    name: str = "",
) -> Uplink:
    return Uplink(name or f"{interface}-{family}", interface, gateway, 10, family)


BOTH_LINES = [auto(f"eth{number}", family) for family in Family for number in (0, 1)]


def learned(
    family: Family,
    interface: str,
    gateway: str | None,
    table: int,
    metric: int,
    protocol: int = 3,
    preference: RouterPreference = RouterPreference.MEDIUM,
    **more: object,
) -> LearnedHop:
    hop = NextHop(ip_address(gateway) if gateway else None, **more)  # type: ignore[arg-type]
    return LearnedHop(family, interface, hop, table, metric, protocol, preference)


@pytest.fixture(autouse=True)
def clean(wires: None) -> Iterator[None]:
    yield
    subprocess.run(["ip", "nexthop", "flush"], capture_output=True)
    for flag in FLAGS.values():
        for table in ("100", "70000"):
            subprocess.run(["ip", flag, "route", "flush", "table", table], capture_output=True)


@pytest.fixture
async def learning(kernel: NetlinkKernel) -> NetlinkKernel:
    kernel.follow(BOTH_LINES)
    await heard(kernel)
    return kernel


@BOTH
async def test_they_are_learned_from_the_defaults_of_others_in_every_table(
    family: Family, learning: NetlinkKernel, ip: Ip
) -> None:
    flag, (first, second) = FLAGS[family], VIA[family]
    ip(
        f"{flag} route add default via {first} dev eth0 metric 10 proto dhcp table 70000"
        f" src {OWN[family]} mtu 1400 onlink",
        f"{flag} route add default dev eth1 metric 20 proto static table 100",
        f"{flag} route add default via {second} dev eth1 metric 30",
        f"{flag} route add default via {first} dev eth0 metric 10 proto 115 table 100",
        f"{flag} route add unreachable default metric 40",
    )
    assert await learning.next_hops() == (
        learned(
            *(family, "eth0", first, 70000, 10, 16),
            source=ip_address(OWN[family]),
            onlink=True,
            mtu=1400,
        ),
        learned(family, "eth1", None, 100, 20, 4),
        learned(family, "eth1", second, 254, 30),
    )


async def test_only_an_uplink_that_learns_has_any_and_only_in_its_family(
    kernel: NetlinkKernel, ip: Ip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for family in Family:
        for number in (0, 1):
            via = VIA[family][number]
            ip(f"{FLAGS[family]} route add default via {via} dev eth{number} metric {number + 7}")
    kernel.follow([auto("eth0", gateway=GatewayMode.NONE), auto("eth1", Family.IPV6)])
    assert await kernel.next_hops() == (learned(Family.IPV6, "eth1", "fe80::2", 254, 8),)
    kernel.follow([auto("eth0", gateway=GatewayMode.NONE)])
    monkeypatch.setattr(exchange, "read", None)  # it would fail
    assert await kernel.next_hops() == ()
    assert await kernel.next_hops(limited_only=True) == ()
    assert kernel.next_hops_due() == inf


@BOTH
@pytest.mark.parametrize("compat", [0, 1])
async def test_multipath_routes_and_nexthop_objects_tell_of_all_their_hops(
    family: Family, compat: int, learning: NetlinkKernel, ip: Ip, sysctl: Sysctl
) -> None:
    flag, (first, second) = FLAGS[family], VIA[family]
    sysctl("ipv4/nexthop_compat_mode", compat)
    ip(
        f"{flag} route add default metric 10 nexthop via {first} dev eth0"
        f" nexthop via {second} dev eth1",
        f"{flag} nexthop add id 7 via {first} dev eth0",
        f"{flag} nexthop add id 8 via {second} dev eth1 onlink",
        "nexthop add id 9 group 7/8",
        f"{flag} nexthop add id 10 blackhole",
        f"{flag} route add default metric 20 nhid 8 table 100",
        f"{flag} route add default metric 30 nhid 9 table 70000",
        f"{flag} route add default metric 40 nhid 10 table 70000",
    )
    assert await learning.next_hops() == (
        learned(family, "eth0", first, 254, 10),
        learned(family, "eth1", second, 254, 10),
        learned(family, "eth1", second, 100, 20, onlink=True),
        learned(family, "eth0", first, 70000, 30),
        learned(family, "eth1", second, 70000, 30, onlink=True),
    )


async def test_an_ipv6_gateway_of_an_ipv4_default_is_learned(
    learning: NetlinkKernel, ip: Ip
) -> None:
    ip("-4 route add default via inet6 fe80::99 dev eth0")
    assert await learning.next_hops() == (learned(Family.IPV4, "eth0", "fe80::99", 254, 0),)


@BOTH
async def test_a_hop_without_a_carrier_is_told_all_the_same(
    family: Family, learning: NetlinkKernel, ip: Ip
) -> None:
    ip(f"{FLAGS[family]} route add default via {VIA[family][0]} dev eth0 metric 7")
    before = await learning.next_hops()
    ip("link set isp0 down")
    assert (len(before), await learning.next_hops()) == (1, before)


async def test_an_interface_has_the_name_that_the_policy_gives_it(
    kernel: NetlinkKernel, ip: Ip
) -> None:
    ip("route add default via 198.51.100.1 dev eth0 metric 7")
    ip("link property add dev eth0 altname wan-of-isp")
    kernel.follow([auto("wan-of-isp")])
    assert [hop.interface for hop in await kernel.next_hops()] == ["wan-of-isp"]
    # Two uplinks that mean one interface: the preferred one has it.
    kernel.follow([auto("eth0", gateway=GatewayMode.NONE), auto("wan-of-isp")])
    assert await kernel.next_hops() == ()
    kernel.follow([auto("wan-of-isp"), auto("eth0")])
    assert [hop.interface for hop in await kernel.next_hops()] == ["wan-of-isp"]
    ip("link property del dev eth0 altname wan-of-isp")
    assert [hop.interface for hop in await kernel.next_hops()] == ["eth0"]


@BOTH
async def test_a_default_of_another_table_is_news_where_it_is_learned_from(
    family: Family, kernel: NetlinkKernel, ip: Ip
) -> None:
    flag, via = FLAGS[family], VIA[family][0]
    add = f"{flag} route add default via {via} dev eth0 metric 7 table"
    remove = f"{flag} route del default via {via} dev eth0 metric 7 table"
    other = Family.IPV6 if family is Family.IPV4 else Family.IPV4
    for uplinks, news in (
        ([auto("eth0", family)], NEWS),
        ([auto("eth0", other), auto("eth0", family, GatewayMode.NONE)], KernelNews()),
        ([auto("eth0", family, GatewayMode.NONE)], KernelNews()),
        ([auto("eth0", family)], NEWS),
    ):
        kernel.follow(uplinks)
        await heard(kernel)
        for table in (100, 70000):
            ip(f"{add} {table}")
            assert await heard(kernel) == news
            ip(f"{remove} {table}")
            assert await heard(kernel) == news
        ip(f"{add} main")
        assert await heard(kernel) == news | KernelNews(foreign=True)
        ip(f"{remove} main")
        assert await heard(kernel) == news | KernelNews(foreign=True)
        ip(f"{add} 100 proto 115", f"{remove} 100")
        assert not (await heard(kernel)).next_hops


async def test_other_routes_wake_nobody_up(learning: NetlinkKernel, ip: Ip) -> None:
    networks = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(5000)]
    woken = []
    with trio.move_on_after(60) as hearing:
        async with trio.open_nursery() as nursery:

            async def hear() -> None:
                woken.append(await learning.changed())

            nursery.start_soon(hear)
            for table in ("main", "100"):
                lines = [f"route add {net} via 198.51.100.1 dev eth0" for net in networks]
                ip(*(f"{line} table {table}" for line in lines))
                ip(f"route flush via 198.51.100.1 table {table}")
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    assert (woken, hearing.cancelled_caught) == ([], False)


@BOTH
async def test_a_nexthop_object_that_a_default_leads_through_is_news(
    family: Family, learning: NetlinkKernel, ip: Ip
) -> None:
    flag, (first, second) = FLAGS[family], VIA[family]
    ip(
        *(f"{flag} nexthop add id {n} via {first} dev eth0" for n in (7, 8, 9)),
        "nexthop add id 20 group 7/8",
        f"{flag} route add default metric 10 nhid 20 table 100",
    )
    await heard(learning)
    assert {hop.hop.gateway for hop in await learning.next_hops()} == {ip_address(first)}
    ip("nexthop del id 9")
    assert await heard(learning) == KernelNews()
    ip(f"{flag} nexthop replace id 7 via {second} dev eth1")
    assert await heard(learning) == NEWS
    assert {hop.interface for hop in await learning.next_hops()} == {"eth0", "eth1"}
    ip("nexthop del id 20")
    assert (await heard(learning)).next_hops
    assert await learning.next_hops() == ()


@pytest.mark.parametrize("table", ["main", "100"])
async def test_a_route_counts_no_more_without_its_source_wherever_that_is(
    table: str, learning: NetlinkKernel, ip: Ip
) -> None:
    """The kernel takes such a route out of the main table only."""
    ip(
        "link set lo up",
        "addr add 203.0.113.7/32 dev lo",
        "addr add 203.0.113.8/32 dev lo",
        f"route add default via 198.51.100.1 dev eth0 src 203.0.113.7 table {table}",
    )
    assert len(await learning.next_hops()) == 1
    await heard(learning)
    ip("addr del 203.0.113.8/32 dev lo")
    assert await heard(learning) == KernelNews()
    ip("addr del 203.0.113.7/32 dev lo")
    assert (await heard(learning)).next_hops
    assert await learning.next_hops() == ()
    if table != "main":
        ip("addr add 203.0.113.7/32 dev lo")
        assert await heard(learning) == NEWS
        assert len(await learning.next_hops()) == 1


@pytest.mark.parametrize("how", ["addr flush dev eth0", "link set eth0 down", "link del eth0"])
async def test_what_goes_in_silence_with_addresses_and_links_is_not_told_any_more(
    how: str, learning: NetlinkKernel, ip: Ip
) -> None:
    ip("route add default via 198.51.100.1 dev eth0 table 100")
    assert len(await learning.next_hops()) == 1
    await heard(learning)
    ip(f"-4 {how}" if "addr" in how else how)
    news = await heard(learning)
    assert news.links or news.addresses
    assert await learning.next_hops() == ()


def still_there(gateway: str) -> bool:
    words = ["ip", "-6", "route", "show", "default", "via", gateway]
    return bool(subprocess.check_output(words))


async def test_a_route_counts_until_its_life_is_over(learning: NetlinkKernel, ip: Ip) -> None:
    line = "dev eth0 metric 1024 proto ra"
    short = f"default via fe80::1 {line} expires 1"
    began = trio.current_time()
    ip("-6 route add default via fe80::2 dev eth1 metric 2000", f"-6 route add {short}")
    while len(both := await learning.next_hops()) < 2:
        # It was over before it was read.
        began = trio.current_time()
        ip(f"-6 route change {short}")
    assert began < learning.next_hops_due() <= trio.current_time() + 1.1
    while len(await learning.next_hops(limited_only=True)) == 2:  # noqa: ASYNC110
        await trio.sleep_until(learning.next_hops_due())
    assert trio.current_time() - began > 0.9
    assert await learning.next_hops() == both[-1:]
    # The kernel still has it, and would tell nothing if a router gave it a new life.
    assert still_there("fe80::1")
    assert learning.next_hops_due() < inf
    ip(f"-6 route change default via fe80::1 {line} expires 900 pref high")
    high = learned(Family.IPV6, "eth0", "fe80::1", 254, 1024, 9, RouterPreference.HIGH)
    assert high in await learning.next_hops(limited_only=True)
    ip(f"-6 route del default {line}")
    assert await learning.next_hops(limited_only=True) == both[-1:]
    assert learning.next_hops_due() == inf


async def test_lives_of_other_writers_are_limited_too(learning: NetlinkKernel, ip: Ip) -> None:
    ip("-6 route add default via fe80::1 dev eth0 proto static metric 9 expires 900")
    await learning.next_hops()
    assert learning.next_hops_due() <= trio.current_time() + 1
    ip("-6 route del default via fe80::1 dev eth0 proto static metric 9")
    assert await learning.next_hops(limited_only=True) == ()
