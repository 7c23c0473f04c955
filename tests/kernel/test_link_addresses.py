"""The addresses of an interface, and whether it is point-to-point, from the real kernel."""

import subprocess
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from support.sysctls import write_sysctl

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]
V4, V6 = ip_address("198.51.100.2"), ip_address("2001:db8::2")


@pytest.fixture
def tun(ip: Ip) -> Iterator[None]:
    ip("tuntap add tun0 mode tun")
    yield
    subprocess.run(["ip", "link", "del", "tun0"], check=True)


async def eth0(kernel: NetlinkKernel) -> LinkState:
    return await kernel.link_state("eth0")


async def test_the_addresses_that_reach_out_are_told(kernel: NetlinkKernel, ip: Ip) -> None:
    ip("addr add 203.0.113.9/32 dev eth0", "addr add fd00::9/64 dev eth0 nodad")
    wanted = {V4, V6, ip_address("203.0.113.9"), ip_address("fd00::9")}
    assert (await eth0(kernel)).addresses == wanted  # not the link-local one
    assert (await kernel.link_state("eth7")).addresses == frozenset()


async def test_our_end_of_a_point_to_point_link_is_its_address(
    kernel: NetlinkKernel, ip: Ip, tun: None
) -> None:
    ip(
        "addr add 203.0.113.1 peer 203.0.113.2 dev tun0",
        "-6 addr add 2001:db8:7::1 peer 2001:db8:7::2 dev tun0 nodad",
        "link set tun0 up",
    )
    state = await kernel.link_state("tun0")
    assert state.addresses == {ip_address("203.0.113.1"), ip_address("2001:db8:7::1")}
    assert state.point_to_point
    assert not (await eth0(kernel)).point_to_point


async def test_an_address_that_was_renewed_is_the_same(kernel: NetlinkKernel, ip: Ip) -> None:
    ip("addr change 198.51.100.2/25 dev eth0 valid_lft 900 preferred_lft 800")
    before = await eth0(kernel)
    ip("addr change 198.51.100.2/25 dev eth0 valid_lft 1800 preferred_lft 1700")
    assert await eth0(kernel) == before
    assert V4 in before.addresses


async def test_a_deprecated_address_counts_and_one_in_doubt_does_not(
    kernel: NetlinkKernel, ip: Ip
) -> None:
    ip("addr change 2001:db8::2/64 dev eth0 preferred_lft 0")
    assert V6 in (await eth0(kernel)).addresses
    write_sysctl("ipv6/conf/eth0/accept_dad", 1)
    write_sysctl("ipv6/conf/eth0/dad_transmits", 60)
    ip("addr add 2001:db8::7/64 dev eth0")
    assert (await eth0(kernel)).addresses == {V4, V6}


async def test_a_borrowed_address_is_not_among_them(kernel: NetlinkKernel, ip: Ip) -> None:
    ip("addr del 2001:db8::2/64 dev eth0")
    assert (await eth0(kernel)).addresses == {V4}
