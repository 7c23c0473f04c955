"""A full-tunnel VPN keeps its traffic, whether its rules came before ours or after them."""

import errno
import fcntl
import os
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CLIENT, ROUTER
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, Start, eventually
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x1, 0x1000
_SO_MARK = 36
MARK = 0xCA6C
"""What wg-quick gives the packets of the tunnel itself."""

WG_QUICK = (
    "route add default dev vpn0 table 51820",
    "rule add not fwmark 0xca6c table 51820",
    "rule add table main suppress_prefixlength 0",
)
TAILSCALE = (
    "route add default dev vpn0 table 52",
    "rule add pref 5210 fwmark 0x80000/0xff0000 lookup main",
    "rule add pref 5230 fwmark 0x80000/0xff0000 lookup default",
    "rule add pref 5270 lookup 52",
)


@contextmanager
def tunnel(lab: Lab) -> Iterator[int]:
    """The other end of `vpn0`, where the packets of the VPN come out."""
    with lab.inside(ROUTER):
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        name = struct.pack("16sH22x", b"vpn0", _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(end, _TUNSETIFF, name)
    try:
        lab.run(ROUTER, "ip", "address", "add", "203.0.113.250/32", "dev", "vpn0")
        lab.run(ROUTER, "ip", "address", "add", "2001:db8:fff::1/128", "dev", "vpn0", "nodad")
        lab.run(ROUTER, "ip", "link", "set", "vpn0", "up")
        yield end
    finally:
        os.close(end)


def send(lab: Lab, sender: str, family: Family, mark: int = 0) -> bytes:
    """A datagram from `sender` to a target; what is in it."""
    token = os.urandom(16)
    kind = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    with lab.inside(sender), socket.socket(kind, socket.SOCK_DGRAM) as channel:
        if mark:
            channel.setsockopt(socket.SOL_SOCKET, _SO_MARK, mark)
        channel.sendto(token, (str(lab.targets(family)[0]), 9999))
    return token


def wait_until_it_comes_out(lab: Lab, end: int, sender: str, family: Family) -> None:
    """Wait until datagrams from `sender` to a target leave by the tunnel. A busy machine may lose
    the first, while neighbours are asked for."""
    deadline, sent = time.monotonic() + DEADLINE, [send(lab, sender, family)]
    while not any(token in packet for packet in _packets(end, 1.0) for token in sent):
        assert time.monotonic() < deadline, (sender, family)
        sent.append(send(lab, sender, family))


def stays_out(lab: Lab, end: int, sender: str, family: Family, mark: int = 0) -> bool:
    """Whether a datagram from `sender` to a target leaves by another way."""
    token = send(lab, sender, family, mark)
    return not any(token in packet for packet in _packets(end, 0.3))


def _packets(end: int, patience: float) -> Iterator[bytes]:
    """What comes out of the tunnel, until nothing has for so many seconds."""
    deadline = time.monotonic() + DEADLINE
    while select.select([end], [], [], patience)[0] and time.monotonic() < deadline:
        try:
            yield os.read(end, 1 << 16)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise


def bring_up(lab: Lab, commands: tuple[str, ...]) -> None:
    for family in Family:
        for command in commands:
            lab.run(ROUTER, "ip", f"-{family.value}", *command.split())


def _leads(lab: Lab, family: Family) -> bool:
    return "lookup 115" in lab.run(ROUTER, "ip", f"-{family.value}", "rule")


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("vpn", [WG_QUICK, TAILSCALE], ids=["wg-quick", "tailscale"])
def test_a_vpn_keeps_its_traffic(lab: Lab, start: Start, vpn: tuple[str, ...], first: bool) -> None:
    with tunnel(lab) as end:
        if first:
            bring_up(lab, vpn)
        engine = start(policy_text(lab, DUAL_STACK) + "routes: {table: own}\n")
        engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
        for family in Family:
            eventually(partial(_leads, lab, family), f"our {family} rules")
        if not first:
            assert stays_out(lab, end, CLIENT, Family.IPV4)
            bring_up(lab, vpn)
        for family in Family:
            for sender in (ROUTER, CLIENT):
                wait_until_it_comes_out(lab, end, sender, family)
            if vpn is WG_QUICK:
                assert stays_out(lab, end, ROUTER, family, MARK)
