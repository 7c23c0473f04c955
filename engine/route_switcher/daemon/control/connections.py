"""The connections of clients: how many, how long, and how much of each."""

import logging
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import trio

from route_switcher.control.protocol import LONGEST_REQUEST, Error, WatchRequest, encode, failed
from route_switcher.daemon.control.credentials import Peer, peer_of
from route_switcher.daemon.control.lines import Lines, TooLong
from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.control.watchers import Watcher, Watchers
from route_switcher.daemon.report import say

MOST = 32
"""Connections at one time. One more takes the place of the one that has been silent longest."""

_WATCHING = 2
"""Those who watch may be one of so many clients: the others find room, however long they stay."""

SILENCE = 10.0
"""Seconds that a client may take for a request."""

UNREAD = 5.0
"""Seconds that a client may take to read a reply."""

REQUESTS = 256
"""Requests on one connection."""

_SHARE = 8
"""Clients may take one of so many file descriptors of the process."""

_SCARCE = 1.0
"""Seconds after which a connection is accepted again, where no descriptor or memory was free."""

_DEAF = 5.0
"""Seconds that a watcher may leave something unread and keep its place, if another wants it."""

Answer: TypeAlias = Callable[[bytes, Peer], Awaitable[bytes | WatchRequest]]
"""The line of the reply to a line; or that it asks to watch."""


@dataclass(eq=False, slots=True)
class _Client:
    heard: float
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


class Connections:
    """Accepts clients, and has `answer` give the reply to each line of theirs."""

    def __init__(self, answer: Answer, watchers: Watchers, pace: Pace) -> None:
        self._listening: trio.socket.SocketType | None = None
        self._accepting = trio.CancelScope()
        self._answer = answer
        self._watchers = watchers
        self._pace = pace
        self._clients: set[_Client] = set()
        self._watching: dict[Watcher, _Client] = {}
        # The engine needs descriptors too, and may have few.
        self._most = min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE)

    def listen_on(self, listening: trio.socket.SocketType) -> None:
        """Accept those of this socket from now on. Who is connected already stays."""
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
                    nursery.start_soon(self._serve, connection)
            except trio.Cancelled:
                connection.close()
                raise

    def _make_room(self) -> None:
        if len(self._clients) + len(self._watching) >= self._most:
            quietest = min(self._clients, key=lambda client: client.heard)
            self._clients.discard(quietest)
            quietest.scope.cancel()

    async def _serve(self, connection: trio.socket.SocketType) -> None:
        client = _Client(trio.current_time())
        self._clients.add(client)
        try:
            with client.scope, connection:
                await self._talk(client, connection)
        except (OSError, trio.BrokenResourceError, trio.TooSlowError):
            pass  # it has gone, or does not read
        except Exception as error:  # a bug of ours: the uplink matters more
            say(
                logging.ERROR,
                "control",
                f"a request could not be answered ({type(error).__name__}: {error})",
            )
        finally:
            self._clients.discard(client)

    async def _talk(self, client: _Client, connection: trio.socket.SocketType) -> None:
        stream = trio.SocketStream(connection)
        peer, lines = peer_of(connection), Lines(stream)
        for _ in range(REQUESTS):
            try:
                with trio.fail_after(SILENCE):
                    line = await lines.next()
            except TooLong:
                what = f"a request has at most {LONGEST_REQUEST} bytes, its line break included"
                await _send(stream, encode(failed(Error.TOO_LONG, what)))
                return
            if line is None:
                return
            client.heard = trio.current_time()
            reply = await self._answer(line, peer)
            if isinstance(reply, WatchRequest):
                await self._watch(client, stream, Watcher(reply.seconds))
                return
            await _send(stream, reply)
        what = f"a connection has at most {REQUESTS} requests"
        await _send(stream, encode(failed(Error.TOO_MANY, what)))

    async def _watch(self, client: _Client, stream: trio.SocketStream, watcher: Watcher) -> None:
        most = self._most // _WATCHING
        if len(self._watching) >= most and not self._end_deaf():
            await _send(stream, encode(failed(Error.TOO_MANY, f"{most} clients watch already")))
            return
        self._clients.discard(client)
        self._watching[watcher] = client
        try:
            await self._watchers.serve(watcher, stream)
        finally:
            self._watching.pop(watcher, None)

    def _end_deaf(self) -> bool:
        """End the watcher that has not read for longest, if there is one; whether there was."""
        deaf = min(self._watching, key=lambda watcher: watcher.unread_since, default=None)
        if deaf is None or deaf.unread_since > trio.current_time() - _DEAF:
            return False
        self._watching.pop(deaf).scope.cancel()
        return True


async def _send(stream: trio.SocketStream, reply: bytes) -> None:
    with trio.fail_after(UNREAD):
        await stream.send_all(reply)
