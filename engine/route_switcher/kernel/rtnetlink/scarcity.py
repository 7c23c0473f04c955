"""What to do where this machine has run out of descriptors or memory: wait for a while.

Another user may have taken them, and to end then would leave the uplink to itself.
"""

import errno
import socket

import trio

SCARCE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC))
"""What may pass: no descriptor is free, here or in the whole system (open(2)), or no memory, or
this user waits for as many descriptors as it may (epoll_ctl(2))."""
_PATIENCE = 60.0
_PAUSE = 0.1
"""For how many seconds what cannot be had for that is asked for again, and how often."""


class NoSocket(OSError):  # noqa: N818 - a condition of the machine, not an error of ours
    """Descriptors or memory had run out for so long that it is better to end."""

    def __init__(self, error: OSError, what: str) -> None:
        super().__init__(error.errno, f"{what} for {_PATIENCE:g} s ({error.strerror})")

    def __str__(self) -> str:
        return str(self.strerror)


def patience_ends() -> float:
    """When to stop asking, if it begins now; on trio's clock."""
    return trio.current_time() + _PATIENCE


async def pause(error: OSError, end: float, what: str) -> None:
    """Wait a moment for what may pass. Raises `error` if it does not, and NoSocket after `end`."""
    if error.errno not in SCARCE:
        raise error
    if trio.current_time() > end:
        raise NoSocket(error, what) from None
    await trio.sleep(_PAUSE)


async def readable(channel: socket.socket) -> None:
    """Wait until something can be read; or for a moment, where no more can be waited for."""
    try:
        await trio.lowlevel.wait_readable(channel)
    except OSError as error:
        if error.errno not in SCARCE:
            raise
        await trio.sleep(_PAUSE)
