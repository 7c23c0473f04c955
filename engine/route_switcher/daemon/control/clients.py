"""The clients of a socket: how many at a time, and who has to go when there are too many."""

import logging
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import trio

from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.control.telling import Tell

_SHARE = 8
"""Clients may take one of so many file descriptors of the process."""

_SCARCE = 1.0
"""Seconds after which a connection is accepted again, where no descriptor or memory was free."""


@dataclass(eq=False, slots=True)
class Client:
    """One connection. `scope` ends it."""

    heard: float
    """When it last said something."""
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    stays: bool = False
    """Whether no other takes its place, however long it is silent."""


Serve: TypeAlias = Callable[[Client, trio.socket.SocketType], Awaitable[None]]
"""Serves a connection to its end, and closes it. It may raise what a broken connection raises."""


class Clients:
    """Accepts those who connect, `most` at a time: one more takes the place of the one that has
    been silent for longest. `serve` is called for each, in a task of its own. `tell` is told of
    a bug in it."""

    def __init__(self, serve: Serve, most: int, pace: Pace, tell: Tell) -> None:
        self._serve = serve
        self._tell = tell
        self._pace = pace
        self._listening: trio.socket.SocketType | None = None
        self._accepting = trio.CancelScope()
        self._clients: set[Client] = set()
        # The engine needs descriptors too, and may have few.
        self.most = min(most, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE)

    def listen_on(self, listening: trio.socket.SocketType | None) -> None:
        """Accept those of this socket from now on, or nobody. Who is connected already stays."""
        before, self._listening = self._listening, listening
        self._accepting.cancel()
        if before is not None:
            before.close()

    async def run(self) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                with trio.CancelScope() as self._accepting:
                    if self._listening is None:
                        await trio.sleep_forever()
                    else:
                        await self._accept(self._listening, nursery)

    async def _accept(self, listening: trio.socket.SocketType, nursery: trio.Nursery) -> None:
        while True:
            try:
                connection, _ = await listening.accept()
            except OSError:
                await trio.sleep(_SCARCE)
                continue
            try:
                async with self._pace.turn():
                    self._make_room()
                    nursery.start_soon(self._attend, connection)
            except trio.Cancelled:
                connection.close()
                raise

    def _make_room(self) -> None:
        others = [client for client in self._clients if not client.stays]
        if others and len(self._clients) >= self.most:
            quietest = min(others, key=lambda client: client.heard)
            self._clients.discard(quietest)
            quietest.scope.cancel()

    async def _attend(self, connection: trio.socket.SocketType) -> None:
        client = Client(trio.current_time())
        self._clients.add(client)
        try:
            with client.scope, connection:
                await self._serve(client, connection)
        except (OSError, trio.BrokenResourceError, trio.TooSlowError):
            pass  # it has gone, or does not read
        except Exception as error:  # a bug of ours: the uplink matters more
            what = f"a request could not be answered ({type(error).__name__}: {error})"
            self._tell(logging.ERROR, what)
        finally:
            self._clients.discard(client)
