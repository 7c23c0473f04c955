"""Watches the next hops that default routes of others tell of, beside the loop.

In a table with hundreds of thousands of routes a look can take a tenth of a second. Routes of a
limited life are looked at unasked: the kernel does not tell when it is over.
"""

from collections.abc import Callable
from typing import NoReturn

import trio

from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.daemon.rest import Rest
from route_switcher.kernel.base import Kernel

AT_LEAST_EVERY = 60.0
"""Seconds. Some routes go in silence: with what interrupted a look."""

REST = Rest(times=9, shortest=0.01, longest=10.0)
"""After each look."""


class HopWatch:
    """Gives the next hops to `found` where they are others than those that were given or `seen`
    last."""

    def __init__(self, kernel: Kernel, found: Callable[[tuple[LearnedHop, ...]], None]) -> None:
        self._kernel = kernel
        self._found = found
        self._wanted = trio.Event()
        self._void = False
        self._latest: tuple[LearnedHop, ...] = ()

    def look(self) -> None:
        """Have it look once more, from now on."""
        self._wanted.set()

    def seen(self, hops: tuple[LearnedHop, ...]) -> None:
        """Somebody has seen `hops` just now. What a look under way finds does not count: interfaces
        may have had other names when it began."""
        self._latest = hops
        self._void = True
        self.look()

    async def run(self) -> NoReturn:
        """Look when asked, and when something is due, until cancelled."""
        at_latest = trio.current_time() + AT_LEAST_EVERY
        while True:
            with trio.move_on_at(min(self._kernel.next_hops_due(), at_latest)):
                await self._wanted.wait()
            began = trio.current_time()
            wanted = self._wanted.is_set() or began >= at_latest
            self._wanted, self._void = trio.Event(), False
            if wanted:
                at_latest = began + AT_LEAST_EVERY
            hops = await self._kernel.next_hops(limited_only=not wanted)
            if not self._void and hops != self._latest:
                self._latest = hops
                self._found(hops)
            took = trio.current_time() - began
            await trio.sleep(REST.after(took))
