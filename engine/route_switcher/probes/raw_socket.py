"""A raw ICMP socket on one interface, which receives only answers to us."""

import socket
import struct
from contextlib import suppress

from route_switcher.core.vocabulary.checks import TOKEN_SIZE
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import answer_filter, receive_buffer
from route_switcher.probes.answer_filter import Mark
from route_switcher.probes.interface import ADDRESS_FAMILY, bind_to
from route_switcher.probes.packets import ECHO_REPLY
from route_switcher.probes.stamps import SO_TIMESTAMPNS_NEW

_SOL_RAW = 255
_ICMP_FILTER = 1
_ICMP6_FILTER = 1

_PROTOCOL = {Family.IPV4: socket.IPPROTO_ICMP, Family.IPV6: socket.IPPROTO_ICMPV6}


def open_socket(
    interface: str | None, family: Family, mark: Mark, size: int = TOKEN_SIZE
) -> socket.socket:
    """A non-blocking raw ICMP socket bound to `interface` (None: to none) that receives only echo
    replies, and of those only the ones of `size` bytes that carry `mark` (where the kernel takes
    the filter).

    Raises OSError: PermissionError without CAP_NET_RAW (raw(7)), ENODEV without the interface.
    """
    sock = socket.socket(ADDRESS_FAMILY[family], socket.SOCK_RAW, _PROTOCOL[family])
    try:
        # First the filter: until the socket is bound, it gets packets of all interfaces.
        answer_filter.attach(sock, family, mark, size)
        sock.setblocking(False)
        receive_buffer.enlarge(sock)
        # Without these two the answers are found all the same, at more cost and when they are read.
        with suppress(OSError):
            _let_only_replies_in(sock, family)
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        if interface is not None:
            bind_to(sock, interface)
    except BaseException:
        sock.close()
        raise
    return sock


def open_icmpv6_socket(interface: str, kind: int) -> socket.socket:
    """A non-blocking raw socket bound to `interface` that receives ICMPv6 messages of one type.

    Raises OSError: PermissionError without CAP_NET_RAW (raw(7)), ENODEV without the interface.
    """
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    try:
        sock.setblocking(False)
        _let_only_icmpv6_in(sock, kind)
        receive_buffer.enlarge(sock)
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        bind_to(sock, interface)
    except BaseException:
        sock.close()
        raise
    return sock


def _let_only_replies_in(sock: socket.socket, family: Family) -> None:
    """Set the filters of raw(7) and RFC 3542, section 3.2: on Linux a set bit keeps a type out."""
    reply = ECHO_REPLY[family]
    if family is Family.IPV4:
        mask = ~(1 << reply) & 0xFFFFFFFF
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", mask))
    else:
        _let_only_icmpv6_in(sock, reply)


def _let_only_icmpv6_in(sock: socket.socket, kind: int) -> None:
    words = [0xFFFFFFFF] * 8
    words[kind // 32] &= ~(1 << kind % 32)
    sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
