"""Answers of gateways: ARP replies, neighbour advertisements, and packets that come back.

The first byte of an input says which of them it is.
"""

from ipaddress import ip_address
from random import Random

from fuzz.target import Target, spoilt
from route_switcher.probes import arp, echo_datagram, neighbour_discovery

_OWN = ip_address("198.51.100.2"), ip_address("2001:db8::2")
_TOKEN = bytes(range(16))
_ARP = bytes.fromhex("0001 0800 06 04 0002 020000000001 c6336401 020000000002 c6336402")
_ADVERTISEMENT = (
    bytes.fromhex("88000000 60000000") + _OWN[1].packed + bytes.fromhex("0201 02 0000000001")
)


def attack(data: bytes) -> None:
    """Hand it over, and look at what is made of it."""
    kind, frame = data[:1], data[1:]
    if kind == b"a":
        reply = arp.reply(frame)
        assert reply is None or frame[:8] == _ARP[:8]
    elif kind == b"n":
        told = neighbour_discovery.advertisement(frame)
        assert told is None or (frame[:2] == _ADVERTISEMENT[:2] and told.mac is None) or told.mac
    else:
        datagram = echo_datagram.received(frame)
        assert datagram is None or datagram.token in frame


def seeds() -> list[bytes]:
    """Right answers."""
    echoes = [b"e" + echo_datagram.datagram(own, 40000, _TOKEN) for own in _OWN]
    return [b"a" + _ARP, b"n" + _ADVERTISEMENT, b"n" + _ADVERTISEMENT[:-8], *echoes]


def mutated(data: bytes, random: Random) -> bytes:
    """Another one of the same kind."""
    return data[:1] + spoilt(data[1:], random)


TARGET = Target(
    attack=attack,
    seeds=seeds,
    mutated=mutated,
    words=(b"\0\1\x08\0\6\4\0\2", b"\x88\0", b"\2\1", b"\x45\0", _TOKEN),
    largest=200,
)
