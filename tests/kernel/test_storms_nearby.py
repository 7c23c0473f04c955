"""What concerns no uplink costs nothing, and what may concern one is news."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.kernel.base import KernelNews
from route_switcher.kernel.rtnetlink import exchange, framing, netlink
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from support.kernel_news import heard

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]

V4 = Uplink("four", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4)
V6 = Uplink("six", "eth0", ip_address("fe80::1"), 10, Family.IPV6)
NOTHING = KernelNews()


@pytest.fixture
async def following(kernel: NetlinkKernel, ip: Ip) -> AsyncIterator[NetlinkKernel]:
    ip("link add other0 type veth peer name other1")
    await heard(kernel)
    kernel.follow([V4])
    yield kernel
    ip("link del other0")


async def test_other_interfaces_are_no_news(following: NetlinkKernel, ip: Ip) -> None:
    ip(
        "link set other0 up",
        "link set other1 up",
        "addr add 203.0.113.2/25 dev other0",
        "addr add 2001:db8:7::2/64 dev other0 nodad",
        "link set other0 mtu 1400",
    )
    assert await heard(following) == NOTHING
    ip("link set eth0 mtu 1400")
    assert await heard(following) == KernelNews(links=True)
    ip("addr add 203.0.113.130/25 dev eth0")
    assert await heard(following) == KernelNews(addresses=True)


async def test_an_interface_that_gets_or_loses_our_name_is_news(
    following: NetlinkKernel, ip: Ip
) -> None:
    ip("link set eth0 down", "link set eth0 name away0")
    assert (await heard(following)).links
    assert not (await following.link_state("eth0")).present
    ip("link set other0 name eth0")
    assert (await heard(following)).links
    ip("addr add 203.0.113.2/25 dev eth0")
    assert (await heard(following)).addresses
    ip("link set eth0 name other0")
    assert (await heard(following)).links
    # Of a link that is down the kernel does not tell it, but does when the link is set up.
    ip("link property add dev away0 altname eth0", "link set away0 up")
    assert (await heard(following)).links
    state = await following.link_state("eth0")
    assert (state.present, state.name) == (True, "away0")
    ip("link property del dev away0 altname eth0")
    assert (await heard(following)).links
    assert not (await following.link_state("eth0")).present
    ip("link del away0")


async def test_global_addresses_elsewhere_are_news_only_to_an_uplink_that_lacks_one(
    following: NetlinkKernel, ip: Ip
) -> None:
    following.follow([V6])
    await following.link_states(["eth0"])
    await heard(following)
    ip("link set other0 up", "addr add 2001:db8:7::2/64 dev other0 nodad")
    assert await heard(following) == NOTHING
    ip("-6 addr flush dev eth0 scope global", "-6 addr flush dev eth1 scope global")
    assert (await heard(following)).addresses
    assert Family.IPV6 in (await following.link_state("eth0")).families
    # What happened elsewhere up to here was not heard: it is looked at once more.
    assert await heard(following) == KernelNews(addresses=True)
    ip("addr del 2001:db8:7::2/64 dev other0")
    assert await heard(following) == KernelNews(addresses=True)
    assert Family.IPV6 not in (await following.link_state("eth0")).families


async def test_routes_of_others_go_in_silence_with_interfaces_that_are_no_uplinks(
    following: NetlinkKernel, ip: Ip
) -> None:
    ip("link set other0 up", "link set other1 up", "addr add 203.0.113.2/25 dev other0")
    ip("route add default via 203.0.113.1 dev other0 metric 5")
    assert await heard(following) == KernelNews(foreign=True)
    assert len(await following.default_routes()) == 1
    ip("link set other0 down")
    assert await heard(following) == KernelNews(foreign=True)
    assert await following.default_routes() == ()


async def test_routes_of_a_family_without_uplinks_are_not_looked_for(
    following: NetlinkKernel, ip: Ip
) -> None:
    ip("-6 route add default via fe80::1 dev eth0 metric 7")
    assert await heard(following) == NOTHING
    assert await following.default_routes() == ()
    ours = Route(Family.IPV6, "eth0", ip_address("fe80::1"), 20)
    assert await following.apply(RouteAction(Change.ADD, ours, "test")) is None
    assert await heard(following) == KernelNews(routes=True)
    assert await following.default_routes() == (ours,)


async def test_ipv4_defaults_are_found_without_reading_the_whole_table(
    following: NetlinkKernel, ip: Ip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with others that begin with 0.0.0.0, and with policy routing (which splits tables)."""
    ours = Route(Family.IPV4, "eth0", V4.written_gateway, 10)
    foreign = [replace(ours, metric=m, protocol=4) for m in (5, 4000)]
    ip(*(f"route add {a}.{b}.0.0/16 dev eth0" for a in (1, 10, 200) for b in range(250)))
    ip(*(f"route add 0.0.{b}.0/24 dev eth0" for b in range(1, 250)))
    ip("route add 0.0.0.0/1 dev eth0", "route add 0.0.0.0/8 dev eth0", "route add 0.0.0.1 dev eth0")
    ip(*(f"route add 0.0.0.0/24 dev eth0 metric {m}" for m in range(1, 500)))
    ip(*(f"route add default via {V4.gateway} proto 4 metric {r.metric}" for r in foreign))
    assert await following.apply(RouteAction(Change.ADD, ours, "test")) is None
    read: list[bytes] = []
    feed = exchange.Replies.feed

    def fed(self: exchange.Replies, datagram: bytes, sender: int) -> None:
        read.append(datagram)
        feed(self, datagram, sender)

    for policy_routing in (False, True):
        if policy_routing:
            ip("rule add from 203.0.113.77 lookup 100")
        read.clear()
        monkeypatch.setattr(exchange.Replies, "feed", fed)
        assert await following.default_routes() == (foreign[0], ours, foreign[1])
        assert await following.default_routes(ours_only=True) == (ours,)
        ipv4 = [d for d in read if d[16:17] == b"\2"]
        monkeypatch.setattr(netlink, "past_ipv4_defaults", lambda _: False)
        assert await following.default_routes() == (foreign[0], ours, foreign[1])
        assert len(ipv4) / 2 < len([d for d in read if d[16:17] == b"\2"]) - len(ipv4)
        monkeypatch.setattr(netlink, "past_ipv4_defaults", framing.past_ipv4_defaults)
    ip("rule del from 203.0.113.77 lookup 100")


async def test_an_uplink_is_called_by_its_altname(following: NetlinkKernel, ip: Ip) -> None:
    """Compared by index: what is added by one name reads back by the same."""
    ip("link property add dev eth0 altname wanb")
    called = replace(V4, interface="wanb")
    following.follow([called])
    ours = Route(Family.IPV4, "wanb", V4.written_gateway, 10)
    assert await following.apply(RouteAction(Change.ADD, ours, "test")) is None
    assert await following.default_routes() == (ours,)
    state = await following.link_state("wanb")
    assert (state.connected, state.name) == (True, "eth0")
    assert await following.apply(RouteAction(Change.ADD, replace(ours, metric=20), "test")) is None
    with NetlinkKernel() as unasked:
        found = await unasked.default_routes(ours_only=True)
        assert [r.interface for r in found] == ["eth0", "eth0"]
    for route in (ours, replace(ours, metric=20)):
        assert await following.apply(RouteAction(Change.DELETE, route, "test")) is None
    assert await following.default_routes() == ()


async def test_of_two_uplinks_of_a_family_that_mean_one_interface_the_first_has_it(
    following: NetlinkKernel, ip: Ip
) -> None:
    ip("link property add dev eth0 altname wanb")
    second = Uplink("second", "wanb", ip_address("198.51.100.3"), 20, Family.IPV4)
    following.follow([V4, second])
    first, other = await following.link_states(["eth0", "wanb"])
    assert (first.connected, first.name) == (True, "")
    assert (other.present, other.name) == (False, "eth0")
    # One of each family may share it, by whatever names.
    following.follow([V4, replace(V6, interface="wanb")])
    assert [s.connected for s in await following.link_states(["eth0", "wanb"])] == [True, True]
    for ours in (
        Route(Family.IPV4, "eth0", V4.written_gateway, 10),
        Route(Family.IPV6, "wanb", V6.written_gateway, 10),
    ):
        assert await following.apply(RouteAction(Change.ADD, ours, "test")) is None
        assert ours in await following.default_routes()


def run(*words: bytes) -> None:
    subprocess.run([b"ip", *words], check=True)


async def test_names_need_not_be_text(following: NetlinkKernel, ip: Ip) -> None:
    odd = b"w\xe9b"
    for words in ([b"other0", b"name", odd], [odd, b"up"]):
        run(b"link", b"set", *words)
    ip("link set other1 up")
    words = [b"default", b"dev", odd, b"metric", b"7"]
    run(b"route", b"add", *words)
    (route,) = await following.default_routes()
    assert route.interface == os.fsdecode(odd)
    run(b"link", b"set", odd, b"name", b"other0")
