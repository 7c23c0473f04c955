"""The receive buffer of a raw socket: how much it holds, and whether it was full.

A full buffer drops what comes next, so a round that got no answer meanwhile says nothing.
"""

import socket
import struct
from contextlib import suppress

SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")
_FILLED, _DROPS = 0, 8
"""Places in what SO_MEMINFO gives (linux/sock_diag.h): SK_MEMINFO_RMEM_ALLOC, SK_MEMINFO_DROPS."""

_CHARGE = 2048
"""Bytes that the kernel charges for an answer of a few bytes: 0.8 KiB between virtual interfaces,
2 KiB and more from a network card, whose driver hands over what it received into."""
_SIZE = 4096 * _CHARGE
"""Room for 4,096 answers. All probes of an uplink ask at one instant, and those of a large policy
have some thousand targets. It is a limit, not a reservation: it is used while answers wait."""
_SMALLEST = 512
"""Bytes that are charged for a packet at least."""
_MOST = 128
"""Packets read before other tasks get their turn."""


def enlarge(sock: socket.socket) -> None:
    """Make room for `_SIZE` bytes on the way in and on the way out.

    Without CAP_NET_ADMIN in the first user namespace (a container without root) the kernel allows
    no more than net.core.rmem_max and wmem_max say. It doubles what it is given (socket(7)).
    """
    for forced, plain in (
        (SO_RCVBUFFORCE, socket.SO_RCVBUF),
        (SO_SNDBUFFORCE, socket.SO_SNDBUF),
    ):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, _SIZE // 2)
        except OSError:  # not permitted, or unknown to the kernel
            with suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, plain, _SIZE // 2)


class ReceiveBuffer:
    """The receive buffer of `sock`, which must be read by nobody else."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._size = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self._drops = 0

    @property
    def batch(self) -> int:
        """Packets to read at a time: a small part of a buffer that was full, see `overrun`."""
        return max(1, min(_MOST, self._size // (4 * _CHARGE)))

    def waiting(self) -> int:
        """Packets that wait to be read, at most."""
        return self._info()[_FILLED] // _SMALLEST

    def overrun(self) -> bool:
        """Whether packets were dropped since the last call because it was full.

        To be called whenever a batch was read and more may wait. The kernel counts drops for other
        causes too, such as a wrong ICMPv6 checksum, which anybody can forge. But a buffer that was
        full is still well filled one batch later.
        """
        info = self._info()
        before, self._drops = self._drops, info[_DROPS]
        return self._drops != before and info[_FILLED] >= self._size // 4

    def _info(self) -> tuple[int, ...]:
        try:
            given = self._sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:  # before Linux 4.12
            return (0,) * 9
        return _MEMINFO.unpack(given)
