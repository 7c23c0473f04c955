"""The connections of clients: how many, how long, and how much of each."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio

from route_switcher.control.protocol import LONGEST_REQUEST, Error, WatchRequest, encode, failed
from route_switcher.daemon.control.clients import Client, Clients
from route_switcher.daemon.control.credentials import Peer, peer_of
from route_switcher.daemon.control.lines import Lines, TooLong
from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.control.telling import tell_of_control
from route_switcher.daemon.control.watchers import Watcher, Watchers

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

_DEAF = 5.0
"""Seconds that a watcher may leave something unread and keep its place, if another wants it."""

Answer: TypeAlias = Callable[[bytes, Peer], Awaitable[bytes | WatchRequest]]
"""The line of the reply to a line; or that it asks to watch."""


class Connections:
    """Accepts clients, and has `answer` give the reply to each line of theirs."""

    def __init__(self, answer: Answer, watchers: Watchers, pace: Pace) -> None:
        self._answer = answer
        self._watchers = watchers
        self._watching: dict[Watcher, Client] = {}
        self._clients = Clients(self._talk, MOST, pace, tell_of_control)
        self.listen_on, self.run = self._clients.listen_on, self._clients.run

    async def _talk(self, client: Client, connection: trio.socket.SocketType) -> None:
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

    async def _watch(self, client: Client, stream: trio.SocketStream, watcher: Watcher) -> None:
        most = self._clients.most // _WATCHING
        if len(self._watching) >= most and not self._end_deaf():
            await _send(stream, encode(failed(Error.TOO_MANY, f"{most} clients watch already")))
            return
        client.stays = True
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
