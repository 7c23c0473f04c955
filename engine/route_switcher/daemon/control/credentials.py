"""Who is at the other end of a connection, as the kernel says (unix(7), SO_PEERCRED)."""

import os
import socket
import struct
from dataclasses import dataclass
from typing import Protocol

_CREDENTIALS = struct.Struct("3i")
"""struct ucred: pid, uid, gid."""

_SO_PEERGROUPS = 59
"""socket(7) of Linux 4.13; Python has no name for it."""

_MOST_BYTES = 1024
"""As many as `getsockopt` of Python takes: 256 groups."""


class _Connected(Protocol):
    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that connected, as it was then."""

    process: int
    user: int
    groups: frozenset[int]

    def may_order(self, group: int | None) -> bool:
        """Whether it may change something; members of `group` may."""
        return self.user in (0, os.geteuid()) or group in self.groups


def peer_of(connection: _Connected) -> Peer:
    """Who connected. Raises OSError."""
    size = _CREDENTIALS.size
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    process, user, group = _CREDENTIALS.unpack(data)
    try:
        more = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)
    except OSError:
        more = b""  # an older kernel, or more groups than fit: then only the first one counts
    others = struct.unpack(f"{len(more) // 4}I", more)
    return Peer(process, user, frozenset({group, *others}))
