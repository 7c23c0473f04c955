"""Neighbour solicitations and advertisements as bytes (RFC 4861, sections 4.3 and 4.4).

The kernel puts the checksum in, and has verified that of what it hands over (RFC 3542, section 3).
"""

import struct
from ipaddress import IPv6Address
from typing import NamedTuple

ADVERTISEMENT = 136
"""The ICMPv6 type of the answer."""
HOP_LIMIT = 255
"""Of both, so that nobody sends them from afar (RFC 4861, section 7.1): routers count it down."""

_SOLICITATION = 135
_HEADER = struct.Struct("!BBHI16s")
_OPTION = struct.Struct("!BB6s")
_SOURCE_MAC, _TARGET_MAC = 1, 2
_OCTETS = 8
"""Bytes of one unit of an option's length."""
_SOLICITED = 0x4000_0000
_SOLICITED_NODE = int(IPv6Address("ff02::1:ff00:0"))


class Advertisement(NamedTuple):
    """Who says where he is."""

    target: IPv6Address
    solicited: bool
    """It is an answer, and no news for all."""
    mac: bytes | None
    """His link-layer address, where it is said."""


def solicitation(mac: bytes, target: IPv6Address) -> bytes:
    """The question who has `target`, by `mac`."""
    header = _HEADER.pack(_SOLICITATION, 0, 0, 0, target.packed)
    return header + _OPTION.pack(_SOURCE_MAC, _OPTION.size // _OCTETS, mac)


def solicited_node(target: IPv6Address) -> IPv6Address:
    """The group in which the owner of `target` listens (RFC 4291, section 2.7.1)."""
    return IPv6Address(_SOLICITED_NODE | int(target) & 0xFFFFFF)


def advertisement(message: bytes) -> Advertisement | None:
    """What a message tells; None if it is no well-formed advertisement (RFC 4861, 7.1.2)."""
    if len(message) < _HEADER.size:
        return None
    kind, code, _, flags, target = _HEADER.unpack_from(message)
    if kind != ADVERTISEMENT or code != 0 or IPv6Address(target).is_multicast:
        return None
    mac = None
    at = _HEADER.size
    while at < len(message):
        size = _OCTETS * message[at + 1] if at + 1 < len(message) else 0
        if not size or at + size > len(message):
            return None  # an option of length 0, or one that is cut off, spoils all of it
        if message[at] == _TARGET_MAC and size == _OPTION.size:
            mac = message[at + 2 : at + size]
        at += size
    return Advertisement(IPv6Address(target), bool(flags & _SOLICITED), mac)
