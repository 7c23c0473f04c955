"""Interfaces whose next hops are learned appear, vanish, are renamed, and change their address."""

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio

from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.daemon.hop_watch import HopWatch
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]
Wire = Callable[[int], None]

DEFAULTS = (
    "-4 route add default via 198.51.100.1 dev eth0 proto dhcp table 1115",
    "-6 route add default via fe80::1 dev eth0 proto ra",
)
BOTH = {("198.51.100.1", "eth0"), ("fe80::1", "eth0")}


@pytest.fixture(autouse=True)
def clean(wires: None) -> Iterator[None]:
    yield
    for name in ("away0", "tun0"):
        subprocess.run(["ip", "link", "del", name], capture_output=True)


@dataclass
class Following:
    """What the daemon's watch has found, in order."""

    found: list[tuple[LearnedHop, ...]] = field(default_factory=list)
    changed: trio.Event = field(default_factory=trio.Event)

    def take(self, hops: tuple[LearnedHop, ...]) -> None:
        self.found.append(hops)
        self.changed.set()
        self.changed = trio.Event()

    def ways(self) -> set[tuple[str, str]]:
        hops = self.found[-1] if self.found else ()
        return {(str(hop.hop.gateway), hop.interface) for hop in hops}

    async def until(self, *ways: tuple[str, str]) -> None:
        with trio.fail_after(60):
            while self.ways() != set(ways):
                await self.changed.wait()


@asynccontextmanager
async def following(*interfaces: str) -> AsyncIterator[Following]:
    """Follow these, in both families, as the service does."""
    uplinks = [
        Uplink(f"{name}-{family}", name, GatewayMode.AUTO, 10, family)
        for name in interfaces
        for family in Family
    ]
    following = Following()
    with NetlinkKernel() as kernel:
        kernel.follow(uplinks)
        watch = HopWatch(kernel, following.take)

        async def hear() -> None:
            while True:
                watch.look()
                await kernel.link_states(interfaces)
                news = await kernel.changed()
                while not (news.links or news.addresses or news.next_hops or news.overrun):
                    news = await kernel.changed()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(hear)
            nursery.start_soon(watch.run)
            yield following
            nursery.cancel_scope.cancel()


async def test_an_interface_that_is_made_again_under_another_index(ip: Ip, wire: Wire) -> None:
    async with following("eth0") as world:
        ip(*DEFAULTS)
        await world.until(*BOTH)
        ip("link del eth0")
        await world.until()
        wire(0)
        ip(*DEFAULTS)
        await world.until(*BOTH)


async def test_an_interface_that_appears_later(ip: Ip, wire: Wire) -> None:
    ip("link del eth0")
    async with following("eth0") as world:
        wire(0)
        ip(*DEFAULTS)
        await world.until(*BOTH)


async def test_an_interface_that_is_renamed_and_gets_its_name_back(ip: Ip) -> None:
    """Routes stay at a rename while the link is up, which kernels allow since Linux 6.2."""
    ip(*DEFAULTS)
    async with following("eth0") as world:
        await world.until(*BOTH)
        renamed = subprocess.run(["ip", "link", "set", "eth0", "name", "away0"])  # noqa: ASYNC221
        if renamed.returncode:
            pytest.skip("this kernel renames no link that is up")
        await world.until()
        ip("link set eth1 name eth0")
        await world.until()
        ip("link set eth0 name eth1", "link set away0 name eth0")
        await world.until(*BOTH)


async def test_an_interface_that_is_known_by_another_name(ip: Ip) -> None:
    ip(*DEFAULTS)
    other = {(gateway, "wan-of-isp") for gateway, _ in BOTH}
    async with following("wan-of-isp") as world:
        assert world.ways() == set()
        ip("link property add dev eth0 altname wan-of-isp")
        await world.until(*other)
        ip("link property del dev eth0 altname wan-of-isp")
        await world.until()
        ip("link property add dev eth1 altname wan-of-isp", "route add default via 198.51.100.129")
        await world.until(("198.51.100.129", "wan-of-isp"))


async def test_an_address_that_goes_takes_the_next_hop_along(ip: Ip) -> None:
    main = "-4 route add default via 198.51.100.1 dev eth0"
    async with following("eth0") as world:
        ip(main)
        await world.until(("198.51.100.1", "eth0"))
        ip("addr del 198.51.100.2/25 dev eth0")
        await world.until()
        ip("addr add 203.0.113.2/24 dev eth0", "-4 route add default via 203.0.113.1 dev eth0")
        await world.until(("203.0.113.1", "eth0"))
        ip("-4 addr flush dev eth0", "addr add 198.51.100.2/25 dev eth0", main)
        await world.until(("198.51.100.1", "eth0"))


async def test_a_link_that_is_set_down_and_up(ip: Ip) -> None:
    async with following("eth0") as world:
        ip(*DEFAULTS)
        await world.until(*BOTH)
        ip("link set eth0 down")
        await world.until()
        ip("link set eth0 up", DEFAULTS[0])
        await world.until(("198.51.100.1", "eth0"))


async def test_a_tun_without_a_gateway(ip: Ip) -> None:
    async with following("tun0") as world:
        ip(
            "tuntap add tun0 mode tun",
            "addr add 203.0.113.1 peer 203.0.113.2 dev tun0",
            "link set tun0 up",
            "route add default dev tun0",
        )
        await world.until(("None", "tun0"))
        ip("link del tun0")
        await world.until()


async def test_the_latest_of_a_storm_wins(ip: Ip) -> None:
    async with following("eth0") as world:
        for _ in range(3):
            lines = (
                f"route replace default via 198.51.100.{n} dev eth0 table 1115"
                for n in range(3, 120)
            )
            await trio.to_thread.run_sync(ip, *lines)
        await world.until(("198.51.100.119", "eth0"))
