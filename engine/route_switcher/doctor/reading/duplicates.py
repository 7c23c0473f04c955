"""Asks whether somebody else has an address of ours: ARP probes (RFC 5227, 2.1.1).

A probe tells nobody an address, so it changes no table of neighbours.
"""

import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Address

import trio

from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.doctor.network import NeighbourKey
from route_switcher.doctor.reading.neighbours import ETHERNET, hardware
from route_switcher.probes import arp

PATIENCE = 0.15
"""Seconds for an answer: it has one link to go."""


async def used_elsewhere(own: Sequence[tuple[str, Address]]) -> dict[NeighbourKey, str]:
    """Of these interfaces and IPv4 addresses those that a neighbour has as well, and his Ethernet
    address. Whom we may not ask is left out."""
    found: dict[NeighbourKey, str] = {}

    async def ask(interface: str, address: IPv4Address) -> None:
        with suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as packets:
            packets.setblocking(False)
            packets.bind((interface, arp.ETHERTYPE))
            kind, mac = hardware(packets, interface)
            if kind == ETHERNET:
                question = arp.request(mac, None, address)
                packets.sendto(question, (interface, arp.ETHERTYPE, 0, 0, arp.BROADCAST))
                other = await _answer(packets, address)
                if other is not None:
                    found[interface, address] = other.hex(":")

    async with trio.open_nursery() as nursery:
        for interface, address in own:
            if isinstance(address, IPv4Address):
                nursery.start_soon(ask, interface, address)
    return found


async def _answer(packets: socket.socket, address: IPv4Address) -> bytes | None:
    ours = _ours(packets)
    with trio.move_on_after(PATIENCE):
        while True:
            await trio.lowlevel.wait_readable(packets)
            with suppress(BlockingIOError):
                told = arp.reply(packets.recv(1500))
                # Another interface of ours on the same wire answers too: that is no fault of it.
                if told is not None and told.sender == address and told.mac not in ours:
                    return told.mac
    return None


def _ours(channel: socket.socket) -> set[bytes]:
    found = set()
    for _, name in socket.if_nameindex():
        with suppress(OSError):  # it has just gone
            found.add(hardware(channel, name)[1])
    return found
