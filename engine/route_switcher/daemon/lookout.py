"""Looks at the default routes of others, beside the loop.

In a table with hundreds of thousands of routes that can take a second (IPv6 tells the defaults
last), and nothing that moves our routes depends on it.
"""

from collections.abc import Callable
from typing import NoReturn

import trio

from route_switcher.core.vocabulary.routes import Route
from route_switcher.daemon.rest import Rest
from route_switcher.kernel.base import Kernel

AT_LEAST_EVERY = 60.0
"""Seconds. Some routes go in silence: with a nexthop object, or with what interrupted a look."""

REST = Rest(times=9, shortest=0.05, longest=10.0)
"""After each look."""


class Lookout:
    """Gives the routes of others to `found` whenever it was asked to look."""

    def __init__(self, kernel: Kernel, found: Callable[[tuple[Route, ...]], None]) -> None:
        self._kernel = kernel
        self._found = found
        self._wanted = trio.Event()
        self._looking = False
        self._void = False

    def look(self) -> None:
        """Have it look once more, from now on."""
        self._wanted.set()

    def make_void(self) -> None:
        """What a look under way finds does not count: somebody has seen it later, or interfaces
        have other names by now."""
        if self._looking:
            self._void = True
            self.look()

    async def run(self) -> NoReturn:
        """Look when asked, until cancelled."""
        while True:
            with trio.move_on_after(AT_LEAST_EVERY):
                await self._wanted.wait()
            self._wanted, self._looking, self._void = trio.Event(), True, False
            began = trio.current_time()
            routes = await self._kernel.default_routes()
            self._looking = False
            if not self._void:
                self._found(tuple(route for route in routes if not route.ours))
            took = trio.current_time() - began
            await trio.sleep(REST.after(took))
