"""When a packet arrived: the kernel's receive timestamps, turned monotonic.

The kernel stamps a packet when it comes in, however late we read it, but by the wall clock, which
may be set at any moment. So a stamp tells an age, and only one that is possible is believed.
"""

import socket
import struct
from collections.abc import Iterable

SO_TIMESTAMPNS_NEW = 64
"""asm-generic/socket.h: 64-bit seconds and nanoseconds on every architecture; since Linux 5.1."""

_TIMESPEC = struct.Struct("=qq")
CONTROL_SPACE = socket.CMSG_SPACE(_TIMESPEC.size)
"""Bytes of ancillary data that a stamp takes."""

_SLEW = 0.001
"""NTP may run the wall clock 0.05 % fast or slow (adjtimex(2)): twice that is allowed for."""
_JITTER = 0.001
"""Seconds that may pass between reading one clock and the other."""


def stamp_of(ancillary: Iterable[tuple[int, int, bytes]]) -> int | None:
    """The receive timestamp in nanoseconds of the wall clock, if recvmsg(2) gave one."""
    for level, kind, data in ancillary:
        if (
            level == socket.SOL_SOCKET
            and kind == SO_TIMESTAMPNS_NEW
            and len(data) >= _TIMESPEC.size
        ):
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return None


def arrival(stamp: int, wall: int, now: float, emptied_at: float) -> float | None:
    """When a packet stamped `stamp` arrived, on the clock of `now`; None if that is impossible.

    `wall` (nanoseconds of the wall clock) and `now` (seconds, monotonic) were read together after
    the packet was; at `emptied_at` no packet was waiting, so this one came later.
    """
    age = (wall - stamp) / 1e9
    since = now - emptied_at
    if -_JITTER <= age <= since * (1 + _SLEW) + _JITTER:
        return min(max(now - age, emptied_at), now)
    return None
