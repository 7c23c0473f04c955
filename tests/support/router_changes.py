"""Waiting for what becomes so in the router: looked at when its kernel tells of a change.

To look is to start a program. A test that does so time and again takes the processor from the
engine that it waits for.
"""

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, NotInTimeError

_SHORTEST, _LONGEST = 0.01, 0.1
"""Seconds between two looks. What the kernel does not tell of is seen by the longest."""

_GROUPS = (1, 5, 7, 8, 9, 11, 19, 32)
"""RTNLGRP_LINK, then those of addresses, routes and rules of both families, and of next hops."""
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1


def eventually_in_router(lab: Lab, true: Callable[[], bool], what: str) -> None:
    """Return as soon as `true()` is. Raises NotInTimeError after the deadline."""
    end = time.monotonic() + DEADLINE
    with lab.inside(ROUTER):
        news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    with news:
        news.setblocking(False)
        for group in _GROUPS:
            news.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)
        while not true():
            if time.monotonic() > end:
                raise NotInTimeError(f"not within {DEADLINE:g} s: {what}")
            time.sleep(_SHORTEST)
            select.select([news], [], [], _LONGEST)
            with suppress(BlockingIOError):
                while True:
                    _take(news)


def _take(news: socket.socket) -> None:
    """What it says does not matter, nor that some of it was lost."""
    try:
        news.recv(1 << 16)
    except BlockingIOError:
        raise
    except OSError:  # ENOBUFS, netlink(7)
        pass
