"""Asks gateways whether they are there: ARP (RFC 826), and neighbour discovery (RFC 4861).

The questions are our own, so the kernel's table of neighbours stays as it is. They need
CAP_NET_RAW. Without it that table is read: it knows those with whom packets were exchanged of late.
"""

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address

import trio

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.doctor.network import Neighbour, NeighbourKey
from route_switcher.doctor.unread import Unread
from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink.attributes import NLM_F_DUMP, attributes, fixed, request
from route_switcher.kernel.rtnetlink.exchange import KernelError
from route_switcher.kernel.rtnetlink.framing import HEADER, Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import FAMILIES, address
from route_switcher.kernel.rtnetlink.names import index_of
from route_switcher.probes import arp
from route_switcher.probes.neighbour_discovery import (
    ADVERTISEMENT,
    HOP_LIMIT,
    advertisement,
    solicitation,
    solicited_node,
)

ATTEMPTS = 3
PATIENCE = 0.5
"""How often a gateway is asked, and how many seconds it has for an answer each time."""

ETHERNET = 1  # ARPHRD_ETHER
_SIOCGIFHWADDR = 0x8927  # netdevice(7)
_NAME_AND_ADDRESS = struct.Struct("=16sH6s16x")
_ICMP6_FILTER = 1

_RTM_GETNEIGH, _RTM_NEWNEIGH = 30, 28
_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # struct ndmsg: family, index, state, flags, type
_NDA_DST = 1
_REACHABLE, _FAILED = 0x02, 0x20


async def neighbours(
    gateways: Sequence[tuple[str, Address, Address | None]], discarded: Discarded
) -> dict[NeighbourKey, Neighbour | Unread]:
    """Whether each gateway is there, all asked at once. `gateways`: interface, gateway, and an
    address of ours there. Those without an Ethernet address are left out."""
    found: dict[NeighbourKey, Neighbour | Unread] = {}

    async def ask(interface: str, gateway: Address, own: Address | None) -> None:
        answer = await _asked(interface, gateway, own, discarded)
        if answer is not None:
            found[interface, gateway] = answer

    async with trio.open_nursery() as nursery:
        for each in gateways:
            nursery.start_soon(ask, *each)
    return found


async def _asked(
    interface: str, gateway: Address, own: Address | None, discarded: Discarded
) -> Neighbour | Unread | None:
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as packets:
            packets.setblocking(False)
            packets.bind((interface, arp.ETHERTYPE))
            kind, mac = hardware(packets, interface)
            if kind != ETHERNET:
                return None
            if isinstance(gateway, IPv6Address):
                return await _solicit(interface, gateway, mac)
            source = own if isinstance(own, IPv4Address) else None
            return await _arp(packets, interface, gateway, source, mac)
    except PermissionError:
        return await _known(interface, gateway, discarded)
    except OSError as error:
        return Unread(f"it could not be asked ({error.strerror})")


def hardware(channel: socket.socket, interface: str) -> tuple[int, bytes]:
    """The type of the interface, and its address. (The name in `getsockname` may be no UTF-8.)"""
    request = _NAME_AND_ADDRESS.pack(os.fsencode(interface), 0, b"")
    _, kind, mac = _NAME_AND_ADDRESS.unpack(fcntl.ioctl(channel, _SIOCGIFHWADDR, request))
    return kind, mac


async def _arp(
    packets: socket.socket,
    interface: str,
    gateway: IPv4Address,
    own: IPv4Address | None,
    mac: bytes,
) -> Neighbour:
    question = arp.request(mac, own, gateway)
    to = (interface, arp.ETHERTYPE, 0, 0, arp.BROADCAST)

    def answers(data: bytes) -> bool:
        told = arp.reply(data)
        return told is not None and told.sender == gateway

    return await _exchange(packets, lambda: packets.sendto(question, to), answers)


async def _solicit(interface: str, gateway: IPv6Address, mac: bytes) -> Neighbour:
    question, group = solicitation(mac, gateway), str(solicited_node(gateway))
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as channel:
        channel.setblocking(False)
        # A bit that is set keeps a type out (RFC 3542, 3.2).
        let_in = bytearray(b"\xff" * 32)
        word = ADVERTISEMENT // 32 * 4
        bits = 0xFFFFFFFF & ~(1 << ADVERTISEMENT % 32)
        let_in[word : word + 4] = struct.pack("=I", bits)
        channel.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, bytes(let_in))
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        index = index_of(interface)
        channel.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        channel.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOP_LIMIT)

        def send() -> int:
            return channel.sendto(question, (group, 0, 0, index))

        return await _exchange(
            channel,
            send,
            lambda data: (told := advertisement(data)) is not None and told.target == gateway,
        )


async def _exchange(
    channel: socket.socket, send: Callable[[], int], answers: Callable[[bytes], bool]
) -> Neighbour:
    for _ in range(ATTEMPTS):
        with trio.move_on_after(PATIENCE):
            send()
            while True:
                await trio.lowlevel.wait_readable(channel)
                try:
                    data = channel.recv(1500)
                except BlockingIOError:
                    continue
                if answers(data):
                    return Neighbour.ANSWERS
    return Neighbour.SILENT


async def _known(interface: str, gateway: Address, discarded: Discarded) -> Neighbour | Unread:
    index = index_of(interface)

    def state(message: Message) -> int | None:
        if message.kind != _RTM_NEWNEIGH:
            return None
        number_of, its, value, _, _ = fixed(_NEIGHBOUR, message)
        family = FAMILIES.get(number_of)
        told = dict(attributes(message.data, HEADER.size + _NEIGHBOUR.size))
        if family is None or its != index or _NDA_DST not in told:
            return None
        return value if address(family, told[_NDA_DST]) == gateway else None

    number_of = socket.AF_INET if Family(gateway.version) is Family.IPV4 else socket.AF_INET6
    body = _NEIGHBOUR.pack(number_of, 0, 0, 0, 0)
    try:
        found = await exchange.read(
            lambda sequence: request(_RTM_GETNEIGH, NLM_F_DUMP, sequence, body), state, discarded
        )
    except (KernelError, OSError):
        found = []
    for value in found:
        if value & _REACHABLE:
            return Neighbour.ANSWERS
        if value & _FAILED:
            return Neighbour.SILENT
    return Unread("only root may ask it, and the kernel has not exchanged packets with it of late")
