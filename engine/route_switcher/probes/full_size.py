"""Requests that go in one piece, and what routers tell of those that are too big for their next
line: "fragmentation needed" (RFC 1191) and "packet too big" (RFC 4443).
"""

import socket
import struct
from ipaddress import ip_address
from typing import NamedTuple

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.probes.stamps import CONTROL_SPACE

_LEVEL = {Family.IPV4: socket.IPPROTO_IP, Family.IPV6: socket.IPPROTO_IPV6}
_MTU_DISCOVER = {Family.IPV4: 10, Family.IPV6: 23}
_PROBE = 3
"""IP_PMTUDISC_PROBE (ip(7)): in one piece, whatever was heard of the path before."""
_DONTFRAG = 62  # IPV6_DONTFRAG (RFC 3542, section 11.2)
_RECEIVE_ERRORS = {Family.IPV4: 11, Family.IPV6: 25}
_BY_ROUTER = {Family.IPV4: (2, 3, 4), Family.IPV6: (3, 2, 0)}
"""SO_EE_ORIGIN_ICMP or _ICMP6, and the type and code of such a message."""

_ERROR = struct.Struct("=IBBBxII")  # struct sock_extended_err (linux/errqueue.h)
_SOCKADDR = {Family.IPV4: struct.Struct("=4x4s"), Family.IPV6: struct.Struct("=8x16s")}
"""The address of who has sent it, in the struct sockaddr behind that."""
_ECHO = struct.Struct("!BBHHH")
_QUOTED = 64
"""Bytes read of the request that is quoted."""
_SPACE = CONTROL_SPACE + socket.CMSG_SPACE(_ERROR.size + 28)
"""Bytes of ancillary data: when it came, what it is, and the longest struct sockaddr."""


class TooBig(NamedTuple):
    """What a router tells of one request; an MTU of 0: it tells something else."""

    mtu: int
    router: Address | None
    identifier: int
    sequence: int

    def __str__(self) -> str:
        """As a person is told it."""
        who = "a router" if self.router is None else str(self.router)
        return f"needs fragmentation: {who} forwards packets of {self.mtu} bytes at most"


def forbid_fragments(sock: socket.socket, family: Family) -> None:
    """Have what `sock` sends go in one piece, and errors of it be kept for `too_big`."""
    sock.setsockopt(_LEVEL[family], _MTU_DISCOVER[family], _PROBE)
    if family is Family.IPV6:
        sock.setsockopt(_LEVEL[family], _DONTFRAG, 1)
    sock.setsockopt(_LEVEL[family], _RECEIVE_ERRORS[family], 1)


def too_big(sock: socket.socket, family: Family) -> TooBig | None:
    """The next error that the kernel keeps for `sock`; None: there is none."""
    try:
        quoted, ancillary, _, _ = sock.recvmsg(_QUOTED, _SPACE, socket.MSG_ERRQUEUE)
    except OSError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) == (_LEVEL[family], _RECEIVE_ERRORS[family]):
            return _understood(family, data, quoted)
    return TooBig(0, None, 0, 0)


def _understood(family: Family, data: bytes, quoted: bytes) -> TooBig:
    if len(data) < _ERROR.size or len(quoted) < _ECHO.size:
        return TooBig(0, None, 0, 0)
    _, origin, kind, code, mtu, _ = _ERROR.unpack_from(data)
    _, _, _, identifier, sequence = _ECHO.unpack_from(quoted)
    if (origin, kind, code) != _BY_ROUTER[family]:
        mtu = 0
    sockaddr = _SOCKADDR[family]
    router = None
    if len(data) >= _ERROR.size + sockaddr.size:
        router = ip_address(sockaddr.unpack_from(data, _ERROR.size)[0])
    return TooBig(mtu, router, identifier, sequence)
