"""A packet of UDP that is addressed to its own sender, as bytes: a router that forwards sends it
back (the idea of RFC 9747).

Nobody but the forwarding plane of a router has a part in the answer, and it costs a hop.
"""

import struct
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from route_switcher.core.vocabulary.uplinks import Address, Family

ETHERTYPE = {Family.IPV4: 0x0800, Family.IPV6: 0x86DD}
HOP_LIMIT = 255
"""What it is sent with. It comes back with one less, and with no less than that: so nobody sends it
from behind the first router (RFC 5082)."""
UDP = 17
IP_HEADER = {Family.IPV4: 20, Family.IPV6: 40}
UDP_HEADER = 8

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_UDP = struct.Struct("!HHHH")
_DONT_FRAGMENT = 0x4000
_FRAGMENT = 0x3FFF
"""More fragments, or an offset."""


class Datagram(NamedTuple):
    """What has come, as far as it tells an echo from anything else."""

    source: Address
    destination: Address
    hop_limit: int
    source_port: int
    port: int
    token: bytes


def datagram(own: Address, port: int, token: bytes) -> bytes:
    """The packet from `own` to itself, from and to `port`."""
    size = UDP_HEADER + len(token)
    tail = _pseudo(own, size) + _UDP.pack(port, port, size, 0) + token
    # A sum of 0 would say that there is none (RFC 768, RFC 8200 section 8.1).
    summed = _checksum(tail) or 0xFFFF
    return _ip(own, size) + _UDP.pack(port, port, size, summed) + token


def received(packet: bytes) -> Datagram | None:
    """What a packet is; None if it is no whole, well-formed packet of UDP without IP options.

    What we send has none, and no router on the way adds any. The checksum of UDP is left alone:
    whoever compares the token has compared more than that would show.
    """
    version = packet[0] >> 4 if packet else 0
    if version == 4:
        return _received_ipv4(packet)
    return _received_ipv6(packet) if version == 6 else None


def _received_ipv4(packet: bytes) -> Datagram | None:
    if len(packet) < _IPV4.size + UDP_HEADER:
        return None
    first, _, length, _, fragment, hop_limit, protocol, _, source, to = _IPV4.unpack_from(packet)
    if first != 0x45 or protocol != UDP or fragment & _FRAGMENT:
        return None
    if not _IPV4.size + UDP_HEADER <= length <= len(packet) or _checksum(packet[: _IPV4.size]):
        return None
    body = packet[_IPV4.size : length]
    return _received_udp(body, IPv4Address(source), IPv4Address(to), hop_limit)


def _received_ipv6(packet: bytes) -> Datagram | None:
    if len(packet) < _IPV6.size + UDP_HEADER:
        return None
    _, length, protocol, hop_limit, source, to = _IPV6.unpack_from(packet)
    if protocol != UDP or not UDP_HEADER <= length <= len(packet) - _IPV6.size:
        return None
    body = packet[_IPV6.size : _IPV6.size + length]
    return _received_udp(body, IPv6Address(source), IPv6Address(to), hop_limit)


def _received_udp(body: bytes, source: Address, to: Address, hop_limit: int) -> Datagram | None:
    source_port, port, length, _ = _UDP.unpack_from(body)
    if length != len(body):
        return None
    return Datagram(source, to, hop_limit, source_port, port, body[UDP_HEADER:])


def _ip(own: Address, size: int) -> bytes:
    if own.version == 6:
        return _IPV6.pack(6 << 28, size, UDP, HOP_LIMIT, own.packed, own.packed)
    length = _IPV4.size + size

    def header(checksum: int) -> bytes:
        return _IPV4.pack(
            0x45, 0, length, 0, _DONT_FRAGMENT, HOP_LIMIT, UDP, checksum, own.packed, own.packed
        )

    return header(_checksum(header(0)))


def _pseudo(own: Address, size: int) -> bytes:
    if own.version == 6:
        return own.packed * 2 + struct.pack("!II", size, UDP)
    return own.packed * 2 + struct.pack("!HH", UDP, size)


def _checksum(data: bytes) -> int:
    """That of RFC 1071: the 16-bit words, summed up with end-around carry, and turned over."""
    number = int.from_bytes(data + bytes(len(data) % 2))
    left = number % 0xFFFF
    # Of two ways to write zero, a sum of anything but zeros gives all ones.
    return 0xFFFF ^ (left or (0xFFFF if number else 0))
