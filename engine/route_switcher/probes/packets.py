"""Echo requests and replies as bytes (RFC 792 and RFC 4443), by icmplib's knowledge of them."""

from typing import Any, NamedTuple

import icmplib  # type: ignore[import-untyped]

from route_switcher.core.vocabulary.uplinks import Family

_IPV4_HEADER = 20
_ICMP_HEADER = 8


class Reply(NamedTuple):
    """An echo reply: what the request carried comes back in it."""

    identifier: int
    sequence: int
    token: bytes


# icmplib builds and reads packets only inside its sockets, whose waiting and matching do not serve
# (they measure with the wall clock and look at neither source nor payload). `_create_socket` is
# the method it leaves to subclasses: without a socket, what remains is a codec.
class _Packets4(icmplib.ICMPv4Socket):  # type: ignore[misc]
    def _create_socket(self, type: int) -> None:  # noqa: A002 (icmplib's name)
        return None


class _Packets6(icmplib.ICMPv6Socket):  # type: ignore[misc]
    def _create_socket(self, type: int) -> None:  # noqa: A002 (icmplib's name)
        return None


_CODEC4: Any = _Packets4()
_CODEC6: Any = _Packets6()

ECHO_REPLY: dict[Family, int] = {
    Family.IPV4: _CODEC4._ICMP_ECHO_REPLY,
    Family.IPV6: _CODEC6._ICMP_ECHO_REPLY,
}
"""The ICMP type of an echo reply."""


def request(family: Family, identifier: int, sequence: int, token: bytes) -> bytes:
    """The ICMP packet of an echo request; over IPv6 the kernel puts its own checksum in."""
    codec = _CODEC4 if family is Family.IPV4 else _CODEC6
    packet: bytes = codec._create_packet(identifier, sequence, token)
    return packet


def reply(family: Family, packet: bytes) -> Reply | None:
    """What a raw socket of `family` received, or None if it is not a well-formed echo reply.

    A raw IPv4 socket gives the IPv4 header too, which options make longer (raw(7)), and packets
    with a wrong checksum as well. A raw IPv6 socket gives ICMPv6 alone (RFC 3542, section 3), and
    there the kernel has verified the checksum.
    """
    if family is Family.IPV4:
        header = (packet[0] & 0x0F) * 4 if packet else 0
        if header < _IPV4_HEADER or packet[0] >> 4 != 4:
            return None
        message = packet[header:]
        # The 16-bit words sum up to all ones (RFC 1071): then they are divisible by that.
        number = int.from_bytes(message)
        if len(message) % 2:
            number <<= 8
        if not number or number % 0xFFFF:
            return None
        # icmplib expects a header of 20 bytes and skips it unread.
        packet = packet[header - _IPV4_HEADER :]
        codec = _CODEC4
    else:
        message = packet
        codec = _CODEC6
    if len(message) < _ICMP_HEADER:
        return None
    parsed = codec._parse_reply(packet, source="", current_time=0.0)
    if parsed is None or parsed.type != codec._ICMP_ECHO_REPLY or parsed.code != 0:
        return None
    return Reply(parsed.id, parsed.sequence, message[_ICMP_HEADER:])
