"""One interface: a socket is kept to it, and what the kernel says of it now."""

import errno
import fcntl
import socket
import struct
from dataclasses import replace

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.link_troubles import LinkTrouble
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.missing_interfaces import is_missing, note_missing

_SO_BINDTOIFINDEX = 62
"""asm-generic/socket.h; since Linux 5.0."""

_SIOCGIFFLAGS = 0x8913
_SIOCGIFINDEX = 0x8933
_SIOCGIFMTU = 0x8921
_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_IFREQ_SIZE = 40
_NAME_SIZE = 16

ADDRESS_FAMILY = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}


def bind_to(sock: socket.socket, interface: str) -> None:
    """Let the socket send and receive through `interface` alone (socket(7), SO_BINDTODEVICE).

    Raises OSError: ENODEV without the interface, PermissionError without CAP_NET_RAW where the
    kernel asks for it (before Linux 5.7, or if the socket is bound already).
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")


def named_by_link(result: RoundResult, sock: socket.socket, interface: str) -> RoundResult:
    """A round that failed entirely while the link is down failed because it is down.

    `sock` may be any socket: it is what the kernel is asked by.
    """
    if not result.failed_entirely:
        return result
    trouble = _link_trouble(sock, interface)
    return replace(result, reason=trouble) if trouble else result


def index_of(sock: socket.socket, interface: str) -> int | None:
    """The index that stands behind the interface's name now, or None if there is none."""
    value = _ask(sock, interface, _SIOCGIFINDEX)
    return None if value is None else int(struct.unpack_from("=i", value)[0])


def mtu_of(sock: socket.socket, interface: str) -> int | None:
    """Bytes of the longest IP packet that the interface sends; None if there is none."""
    value = _ask(sock, interface, _SIOCGIFMTU)
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


def _link_trouble(sock: socket.socket, interface: str) -> str:
    """What is wrong with the link itself, in words; empty if nothing.

    An errno does not tell: a link that is down gives ENETUNREACH, one without a carrier nothing.
    """
    value = _ask(sock, interface, _SIOCGIFFLAGS)
    if value is None:
        return LinkTrouble.MISSING.value
    (flags,) = struct.unpack_from("=H", value)
    if not flags & _IFF_UP:
        return LinkTrouble.DOWN.value
    return "" if flags & _IFF_RUNNING else LinkTrouble.NO_CARRIER.value


def _ask(sock: socket.socket, interface: str, request: int) -> bytes | None:
    """The value part of a struct ifreq (netdevice(7)), or None if there is no such interface."""
    if is_missing(interface):
        return None
    question = interface.encode().ljust(_NAME_SIZE, b"\0").ljust(_IFREQ_SIZE, b"\0")
    try:
        return fcntl.ioctl(sock, request, question)[_NAME_SIZE:]
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        note_missing(interface)
        return None
