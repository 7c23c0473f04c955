"""ICMP errors about a datagram of UDP, as a router on the way sends them."""

import socket
import struct
from ipaddress import ip_address

from route_switcher.core.vocabulary.uplinks import Family

_MTU = {Family.IPV4: 552, Family.IPV6: 1280}


def send_error(
    family: Family,
    kind: int,
    code: int,
    sender: tuple[str, int],
    receiver: tuple[str, int],
) -> None:
    """Tell `sender` by ICMP that its datagram to `receiver` did not come there."""
    source, target = (ip_address(place[0]).packed for place in (sender, receiver))
    size = 8 + 20
    if family is Family.IPV4:
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, 0, 0, 64, socket.IPPROTO_UDP, 0)
        protocol, sent_as = socket.IPPROTO_ICMP, socket.AF_INET
    else:
        header = struct.pack("!IHBB", 6 << 28, size, socket.IPPROTO_UDP, 64)
        protocol, sent_as = socket.IPPROTO_ICMPV6, socket.AF_INET6
    quoted = header + source + target + struct.pack("!HHHH", sender[1], receiver[1], size, 0)
    message = struct.pack("!BBHI", kind, code, 0, _MTU[family]) + quoted + bytes(20)
    if family is Family.IPV4:  # over IPv6 the kernel fills it in
        message = message[:2] + struct.pack("!H", _checksum(message)) + message[4:]
    with socket.socket(sent_as, socket.SOCK_RAW, protocol) as sending:
        sending.sendto(message, (sender[0], 0))


def _checksum(data: bytes) -> int:
    left = int.from_bytes(data) % 0xFFFF
    return 0xFFFF ^ (left or 0xFFFF)
