"""Requests and replies of ARP as bytes, as they follow a header of Ethernet (RFC 826)."""

import struct
from ipaddress import IPv4Address
from typing import NamedTuple

ETHERTYPE = 0x0806
BROADCAST = b"\xff" * 6
MAC_SIZE = 6

_FRAME = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4 = 1, 0x0800
_REQUEST, _REPLY = 1, 2
OPERATION_OFFSET = 6
"""Where the operation stands, two bytes."""
REPLY = _REPLY


class ArpReply(NamedTuple):
    """Who says where he is, and whom he tells."""

    mac: bytes
    sender: IPv4Address
    told_mac: bytes
    told: IPv4Address


def request(mac: bytes, source: IPv4Address | None, target: IPv4Address) -> bytes:
    """The question who has `target`, by `mac`. Without a `source` it is a probe of RFC 5227: who
    answers tells nobody's address."""
    own = bytes(4) if source is None else source.packed
    return _FRAME.pack(
        _ETHERNET, _IPV4, MAC_SIZE, 4, _REQUEST, mac, own, bytes(MAC_SIZE), target.packed
    )


def reply(frame: bytes) -> ArpReply | None:
    """What a frame tells; None if it is no well-formed reply. What follows it fills it up."""
    if len(frame) < _FRAME.size:
        return None
    hardware, protocol, mac_size, size, operation, *told = _FRAME.unpack_from(frame)
    if (hardware, protocol, mac_size, size, operation) != (_ETHERNET, _IPV4, MAC_SIZE, 4, _REPLY):
        return None
    mac, sender, told_mac, told_address = told
    return ArpReply(mac, IPv4Address(sender), told_mac, IPv4Address(told_address))
