"""A limit to the time that clients can take from the loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from route_switcher.daemon.rest import Rest

_BESIDE = 0.0002
"""Seconds that a turn costs beside what is measured: to wake a task, to read and to write."""

_DEBT = 0.002
"""Seconds of rest that may be owed: a lone request does not wait, and a sleep takes a millisecond
at least."""

_LONGEST_REST = 1.0
"""Seconds after one turn."""


class Pace:
    """One turn at a time, in the order of asking. After a turn, the others have `rests` times as
    long as it took: with 3, all turns together take a quarter of the time."""

    def __init__(self, rests: int = 3) -> None:
        self._rest = Rest(rests, 0.0, _LONGEST_REST)
        self._lock = trio.Lock()
        self._free_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """What is done in it must not wait for anything."""
        async with self._lock:
            if self._free_at > trio.current_time() + _DEBT:
                await trio.sleep_until(self._free_at)
            began = trio.current_time()
            try:
                yield
            finally:
                took = trio.current_time() - began + _BESIDE
                self._free_at = max(self._free_at, began) + took + self._rest.after(took)
