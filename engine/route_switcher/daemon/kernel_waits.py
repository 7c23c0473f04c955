"""Says when the kernel keeps the engine waiting: another program holds its lock for links and
routes, so no route can be changed meanwhile."""

import logging
from collections.abc import Callable
from typing import NoReturn

import trio

from route_switcher.daemon.report import say

LONG = 3.0
"""Seconds that are worth a line."""

_LOOK = 1.0


async def tell_of_waits(longest_wait: Callable[[], float]) -> NoReturn:
    """`longest_wait` says for how many seconds the oldest request has waited for the kernel."""
    told = False
    while True:
        await trio.sleep(_LOOK)
        waits = longest_wait() >= LONG
        if waits and not told:
            what = "another program holds the lock of the kernel for links and routes"
            text = f"the kernel does not answer ({what}): routes stay as they are until it does"
            say(logging.WARNING, "kernel", text)
        elif told and not waits:
            say(logging.INFO, "kernel", "the kernel answers again")
        told = waits
