"""One sweep over the connection tracking table (libnetfilter_conntrack's protocol, netlink(7))."""

import errno
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from route_switcher.kernel.conntrack.entries import (
    Dump,
    MalformedEntryError,
    refused,
)

LIMIT = 30.0
"""Seconds that a sweep may take."""

_COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"
_NETLINK_NETFILTER = 12
_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_RECEIVE = 8192
"""Bytes of one part of the table: some thirty entries. Nothing else runs on this processor while
the kernel makes one."""
_PATIENCE = 2.0
"""Seconds that the kernel may take for one part of its answer."""
_GONE = frozenset((0, errno.ENOENT))
"""An entry that ended by itself meanwhile is no refusal."""


class Swept(NamedTuple):
    """What came of a sweep."""

    deleted: int = 0
    trouble: str = ""
    """Why it was not finished; empty: it was."""
    untracked: bool = False
    """The kernel tracks no connections, so there was nothing to do."""


def tracked() -> int | None:
    """How many connections the kernel tracks in this network namespace; None: it tracks none, and
    to ask it for them would load the module that does."""
    try:
        with open(_COUNT, "rb") as count:
            return int(count.read())
    except (OSError, ValueError):
        return None


def sweep(
    addresses: Collection[bytes], length: int, stopped: Callable[[], bool] = lambda: False
) -> Swept:
    """Delete the translated connections whose replies go to one of these addresses, or, without
    any, all that are translated to an address of `length` bytes (4: IPv4, 16: IPv6).

    It blocks, takes some 5 µs of processor time for each entry of the table and 10 µs for each that
    is deleted, and is for a process of its own. `stopped` is asked between two parts; if it is
    true, the rest is left.
    """
    deleted = 0
    end = time.monotonic() + LIMIT
    try:
        for count in _deleted(Dump(addresses, length, 1)):
            deleted += count
            if stopped():
                return Swept(deleted, "traffic has moved again")
            if time.monotonic() > end:
                return Swept(deleted, f"it took more than {LIMIT:g} s")
    except OSError as error:
        return Swept(deleted, error.strerror or str(error))
    except MalformedEntryError as error:
        return Swept(deleted, f"the kernel's answer is malformed: {error}")
    return Swept(deleted)


def _deleted(dump: Dump) -> Iterator[int]:
    """How many were deleted with each part of the table. Raises OSError, MalformedEntryError."""
    with _opened() as asking, _opened() as deleting:
        deleting.setblocking(False)
        asking.settimeout(_PATIENCE)
        asking.send(dump.request)
        done = False
        while not done:
            deletions, done, code = dump.read(asking.recv(_RECEIVE))
            if code:
                raise OSError(code, _words(code))
            yield _delete(deleting, deletions)


def _delete(deleting: socket.socket, deletions: list[bytes]) -> int:
    """How many of them were deleted. Raises OSError, MalformedEntryError."""
    if not deletions:
        return 0
    deleting.send(b"".join(deletions))
    # The kernel has carried them out before `send` returns, and tells of refusals only.
    left = len(deletions)
    with suppress(BlockingIOError):
        while True:
            for code in refused(deleting.recv(_RECEIVE)):
                if code not in _GONE:
                    raise OSError(code, _words(code))
                left -= 1
    return left


@contextmanager
def _opened() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as opened:
        # Refusals without a copy of what was refused: a hundred of them fit in the buffer.
        opened.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
        opened.bind((0, 0))
        yield opened


def _words(code: int) -> str:
    return f"the kernel says: {errno.errorcode.get(code, code)}"
