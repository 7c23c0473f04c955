"""Entries of the connection tracking table, made by hand: as many as a test wants."""

import socket
import struct
from collections.abc import Iterator

from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.kernel.conntrack.entries import NEW

_NETLINK_NETFILTER = 12
_CREATE, _ACKNOWLEDGED = 0x401, 0x4
_STATUS = 0x198
"""Confirmed, source translated, and translation is done (IPS_CONFIRMED, IPS_SRC_NAT and others)."""
_AT_ONCE = 200
_PORTS = 50_000


def opened() -> socket.socket:
    """A socket that speaks with the kernel's netfilter."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)


def make(kernel: socket.socket, number: int, public: Address) -> None:
    """An entry of a translated UDP flow from the LAN. Raises AssertionError if it is refused."""
    kernel.send(_entry(number, public, _CREATE | _ACKNOWLEDGED))
    assert struct.unpack_from("=i", kernel.recv(4096), 16) == (0,)


def fill(kernel: socket.socket, count: int, public: Address) -> None:
    """So many of them, without a look at what the kernel says."""
    for part in _parts(count, public):
        kernel.send(part)


def _parts(count: int, public: Address) -> Iterator[bytes]:
    for first in range(0, count, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count))
        yield b"".join(_entry(number, public, _CREATE) for number in numbers)


def _entry(number: int, public: Address, flags: int) -> bytes:
    client, of_client = divmod(number, _PORTS)
    inside, peer = struct.pack("!I", 0x0A070000 + client), struct.pack("!I", 0x08000000 + number)
    wide, udp = struct.pack("!H", 1024 + of_client), attribute(1, b"\x11")
    port = struct.pack("!H", 53)
    original = (
        nest(1, attribute(1, inside), attribute(2, peer)),
        nest(2, udp, attribute(2, wide), attribute(3, port)),
    )
    reply = (
        nest(1, attribute(1, peer), attribute(2, public.packed)),
        nest(2, udp, attribute(2, port), attribute(3, wide)),
    )
    times = attribute(7, struct.pack("!I", 600)) + attribute(3, struct.pack("!I", _STATUS))
    return message(NEW, flags, 1, nest(1, *original) + nest(2, *reply) + times)


def attribute(kind: int, content: bytes) -> bytes:
    """A netlink attribute (netlink(7))."""
    made = struct.pack("=HH", 4 + len(content), kind) + content
    return made + b"\0" * (-len(made) % 4)


def nest(kind: int, *parts: bytes) -> bytes:
    """An attribute of attributes."""
    return attribute(kind | 0x8000, b"".join(parts))


def message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A message about IPv4 connections."""
    header = struct.pack("=IHHII", 20 + len(body), kind, flags, sequence, 0)
    return header + struct.pack("=BBH", socket.AF_INET, 0, 0) + body
