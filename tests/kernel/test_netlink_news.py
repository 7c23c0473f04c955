"""News of links, addresses and routes, from the real kernel."""

import socket
import struct
from collections.abc import Callable
from contextlib import closing
from ipaddress import IPv4Address

import pytest
import trio

from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.base import KernelNews
from route_switcher.kernel.rtnetlink import monitor, route_filter
from route_switcher.kernel.rtnetlink.framing import RTM_NEWLINK, Discarded
from route_switcher.kernel.rtnetlink.monitor import Monitor
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from support.kernel_news import heard

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]
REPEATED_AFTER = monitor._REPEATED_AFTER
OURS = Route(Family.IPV4, "eth0", IPv4Address("198.51.100.1"), 10)


async def test_each_kind_of_change_is_told(
    kernel: NetlinkKernel, ip: Ip, unplug: Callable[[int], None]
) -> None:
    await heard(kernel)
    ip("addr add 203.0.113.2/24 dev eth0")
    assert (await heard(kernel)).addresses
    ip("route add default via 198.51.100.1 dev eth0 metric 7")
    assert await heard(kernel) == KernelNews(foreign=True)
    ip("route del default metric 7")
    assert await heard(kernel) == KernelNews(foreign=True)
    ip("-6 route add default via fe80::1 dev eth0 metric 7")
    assert await heard(kernel) == KernelNews(foreign=True)
    unplug(0)
    assert (await heard(kernel)).links
    assert await kernel.apply(RouteAction(Change.ADD, OURS, "our own count too")) is None
    assert await heard(kernel) == KernelNews(routes=True)


async def test_a_deleted_ipv4_route_is_told_once_more(kernel: NetlinkKernel, ip: Ip) -> None:
    """The kernel tells of it just before it takes it out of the table."""
    ip("route add default via 198.51.100.1 dev eth0 metric 7")
    await heard(kernel)
    ip("route del default metric 7")
    assert await kernel.changed() == KernelNews(foreign=True)
    with trio.fail_after(60):
        assert await kernel.changed() == KernelNews(foreign=True)


async def test_a_deleted_ipv4_route_is_told_for_seconds(
    kernel: NetlinkKernel, ip: Ip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For who deletes it may have to wait for a processor before it takes it out of the table."""
    ip("route add default via 198.51.100.1 dev eth0 metric 7")
    await heard(kernel)
    monkeypatch.setattr(monitor, "_REPEATED_AFTER", REPEATED_AFTER)
    ip("route del default metric 7")
    began = trio.current_time()
    with trio.fail_after(60):
        for _ in range(1 + len(REPEATED_AFTER)):
            assert await kernel.changed() == KernelNews(foreign=True)
    assert trio.current_time() - began >= 2
    assert not await heard(kernel)


async def test_a_deleted_ipv4_address_is_told_once_more(kernel: NetlinkKernel, ip: Ip) -> None:
    """The routes that go with it leave the table after that, in silence."""
    ip("addr add 203.0.113.2/24 dev eth0")
    await heard(kernel)
    ip("addr del 203.0.113.2/24 dev eth0")
    assert (await kernel.changed()).addresses
    with trio.fail_after(60):
        assert (await kernel.changed()).addresses


async def test_news_between_and_during_cancelled_calls_are_kept(
    kernel: NetlinkKernel, ip: Ip
) -> None:
    await heard(kernel)
    with trio.CancelScope() as scope:
        scope.cancel()
        await kernel.changed()
    ip("route add default via 198.51.100.1 dev eth0 metric 7")
    with trio.CancelScope() as scope:
        scope.cancel()
        await kernel.changed()
    assert scope.cancelled_caught
    with trio.fail_after(60):
        assert await kernel.changed() == KernelNews(foreign=True)


async def test_admin_down_takes_routes_in_silence_and_the_link_news_leads_to_a_dump(
    kernel: NetlinkKernel, ip: Ip
) -> None:
    assert await kernel.apply(RouteAction(Change.ADD, OURS, "test")) is None
    ip("-6 addr flush dev eth0")
    await heard(kernel)
    ip("link set eth0 down")
    news = await heard(kernel)
    assert news.links
    assert not news.routes
    assert await kernel.default_routes() == ()
    ip("link set eth0 up")
    assert (await heard(kernel)).links
    assert await kernel.default_routes() == ()


async def test_the_last_address_takes_routes_in_silence(kernel: NetlinkKernel, ip: Ip) -> None:
    assert await kernel.apply(RouteAction(Change.ADD, OURS, "test")) is None
    await heard(kernel)
    ip("addr del 198.51.100.2/25 dev eth0")
    assert await heard(kernel) == KernelNews(addresses=True)
    assert await kernel.default_routes() == ()


async def test_carrier_loss_leaves_the_routes(kernel: NetlinkKernel, ip: Ip) -> None:
    assert await kernel.apply(RouteAction(Change.ADD, OURS, "test")) is None
    await heard(kernel)
    ip("link set isp0 down")
    assert (await heard(kernel)).links
    assert not (await kernel.link_state("eth0")).connected
    assert await kernel.default_routes() == (OURS,)


async def test_an_interface_removed_and_made_again_works_again(
    kernel: NetlinkKernel, ip: Ip, wire: Callable[[int], None]
) -> None:
    action = RouteAction(Change.ADD, OURS, "test")
    assert await kernel.apply(action) is None
    await heard(kernel)
    ip("link del eth0")
    assert (await heard(kernel)).links
    assert await kernel.default_routes() == ()
    assert not (await kernel.link_state("eth0")).present
    wire(0)
    assert (await heard(kernel)).links
    assert (await kernel.link_state("eth0")).connected
    assert await kernel.apply(action) is None
    assert await kernel.default_routes() == (OURS,)


def churn(ip: Ip) -> None:
    networks = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(20_000)]
    ip(*(f"route add {network} via 198.51.100.1 dev eth0" for network in networks))
    ip("route flush via 198.51.100.1")
    ip(*(f"-6 route add 2001:db8:{n:x}:8000::/64 dev eth0" for n in range(2, 1000)))
    ip("route add default via 198.51.100.1 dev eth0 table 100")


async def test_churn_in_other_routes_wakes_nobody_up(
    kernel: NetlinkKernel, ip: Ip, monkeypatch: pytest.MonkeyPatch
) -> None:
    await heard(kernel)
    woken: list[bytes] = []
    gathered = Monitor.told

    def told(self: Monitor, datagram: bytes, sender: int) -> KernelNews:
        woken.append(datagram)
        return gathered(self, datagram, sender)

    monkeypatch.setattr(Monitor, "told", told)
    churn(ip)
    assert not await heard(kernel)
    assert woken == []
    ip("route add default via 198.51.100.1 dev eth0")
    assert await heard(kernel) == KernelNews(foreign=True)
    assert len(woken) == 1


async def test_without_the_filter_churn_is_read_but_is_no_news(
    wires: None, ip: Ip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route_filter, "attach", lambda channel: False)
    with closing(Monitor(Discarded())) as monitor:
        await heard(monitor)
        ip(*(f"route add 203.0.113.{n}/32 via 198.51.100.1 dev eth0" for n in range(200)))
        assert not await heard(monitor)
        ip("route add default via 198.51.100.1 dev eth0")
        assert await heard(monitor) == KernelNews(foreign=True)


async def test_lost_news_are_told_as_such(
    wires: None, ip: Ip, plugged_in: Callable[[str], None]
) -> None:
    with closing(Monitor(Discarded(), receive_buffer=4096)) as monitor:
        ip(*(f"link set eth0 {state}" for _ in range(50) for state in ("down", "up")))
        plugged_in("eth0")
        plugged_in("isp0")
        assert (await heard(monitor)).overrun
        ip("link set eth0 down")
        assert not (await heard(monitor)).overrun


async def test_messages_from_other_processes_are_counted_and_ignored(
    kernel: NetlinkKernel,
) -> None:
    await heard(kernel)
    port, _ = kernel._monitor._socket.getsockname()
    forged = struct.pack("=IHHII16x", 32, RTM_NEWLINK, 0, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as forger:
        forger.sendto(forged, (port, 0))
        forger.sendto(forged, (0, 1))  # to all who hear of links
    assert not await heard(kernel)
    assert kernel.discarded.not_from_kernel == 2


@pytest.mark.kernel
async def test_an_interface_that_comes_and_goes_while_it_is_read_is_there_or_missing(
    ip: Callable[..., None],
) -> None:
    over = False

    def churn() -> None:
        for _ in range(60):
            ip(
                "link add churn0 type veth peer name churn1",
                "link set churn0 up",
                "addr add 198.51.100.2/25 dev churn0",
                "link del churn0",
            )

    async def read() -> None:
        with NetlinkKernel() as kernel:
            while not over:
                await kernel.link_state("churn0")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.to_thread.run_sync(churn)
        over = True
