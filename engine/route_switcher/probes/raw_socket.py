"""One raw ICMP socket on one interface, and what the kernel says of that interface."""

import errno
import fcntl
import socket
import struct
from contextlib import suppress

from route_switcher.core.vocabulary.policy import Family
from route_switcher.probes import answer_filter, receive_buffer
from route_switcher.probes.answer_filter import Mark
from route_switcher.probes.packets import ECHO_REPLY
from route_switcher.probes.stamps import SO_TIMESTAMPNS_NEW

_SOL_RAW = 255
_ICMP_FILTER = 1
_ICMP6_FILTER = 1

_SO_BINDTOIFINDEX = 62
"""asm-generic/socket.h; since Linux 5.0."""

_SIOCGIFFLAGS = 0x8913
_SIOCGIFINDEX = 0x8933
_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_IFREQ_SIZE = 40
_NAME_SIZE = 16

ADDRESS_FAMILY = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
_PROTOCOL = {Family.IPV4: socket.IPPROTO_ICMP, Family.IPV6: socket.IPPROTO_ICMPV6}


def open_socket(interface: str, family: Family, mark: Mark) -> socket.socket:
    """A non-blocking raw ICMP socket bound to `interface` that receives only echo replies, and of
    those only the ones that carry `mark` (where the kernel takes the filter).

    Raises OSError: PermissionError without CAP_NET_RAW (raw(7)), ENODEV without the interface.
    """
    sock = socket.socket(ADDRESS_FAMILY[family], socket.SOCK_RAW, _PROTOCOL[family])
    try:
        # First the filter: until the socket is bound, it gets packets of all interfaces.
        answer_filter.attach(sock, family, mark)
        sock.setblocking(False)
        receive_buffer.enlarge(sock)
        # Without these two the answers are found all the same, at more cost and when they are read.
        with suppress(OSError):
            _let_only_replies_in(sock, family)
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
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
        words = [0xFFFFFFFF] * 8
        words[reply // 32] &= ~(1 << reply % 32)
        sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))


def _ask(sock: socket.socket, interface: str, request: int) -> bytes | None:
    """The value part of a struct ifreq (netdevice(7)), or None if there is no such interface."""
    question = interface.encode().ljust(_NAME_SIZE, b"\0").ljust(_IFREQ_SIZE, b"\0")
    try:
        return fcntl.ioctl(sock, request, question)[_NAME_SIZE:]
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        return None


def index_of(sock: socket.socket, interface: str) -> int | None:
    """The index that stands behind the interface's name now, or None if there is none."""
    value = _ask(sock, interface, _SIOCGIFINDEX)
    return None if value is None else int(struct.unpack_from("=i", value)[0])


def bound_index(sock: socket.socket) -> int:
    """The index that the socket is bound to, which outlives the interface."""
    try:
        return sock.getsockopt(socket.SOL_SOCKET, _SO_BINDTOIFINDEX)
    except OSError:
        return _index_by_name(sock)


def _index_by_name(sock: socket.socket) -> int:
    """The same on a kernel without that option; 0 for an interface that has gone."""
    try:
        name = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _NAME_SIZE)
        return socket.if_nametoindex(name.rstrip(b"\0").decode())
    except (OSError, ValueError):
        return 0


def link_trouble(sock: socket.socket, interface: str) -> str:
    """What is wrong with the link itself, in words; empty if nothing.

    An errno does not tell: a link that is down gives ENETUNREACH, one without a carrier nothing.
    """
    value = _ask(sock, interface, _SIOCGIFFLAGS)
    if value is None:
        return "interface missing"
    (flags,) = struct.unpack_from("=H", value)
    if not flags & _IFF_UP:
        return "link down"
    return "" if flags & _IFF_RUNNING else "no carrier"
