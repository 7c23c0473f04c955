"""How much news the kernel keeps for us until it is read (socket(7))."""

import socket
from contextlib import suppress

RECEIVE_BUFFER = 1 << 20
"""Bytes: room for about a thousand messages, since the kernel counts what they occupy."""

_SO_RCVBUFFORCE = 33


def enlarge(channel: socket.socket, size: int) -> None:
    """Have it keep so many bytes, or as many as we may have."""
    try:
        channel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:  # not permitted, or unknown to the kernel
        with suppress(OSError):
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
