"""Answers scrapers. What one of them does costs itself its answer, and nobody else anything: they
are few at a time, each is short of time and of bytes, and all together take a tenth of the loop.
"""

from collections.abc import Callable, Iterator
from email.utils import formatdate

import trio

from route_switcher.daemon.control.clients import Client, Clients
from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.metrics.http import (
    LONGEST_HEAD,
    OK,
    TOO_LARGE,
    Asked,
    asked,
    ends,
    head_of,
)
from route_switcher.daemon.metrics.telling import tell_of_metrics

MOST = 8
"""Connections at one time."""

PATIENCE = 5.0
"""Seconds that a scraper may take to ask, and again to read the answer."""

_RESTS = 9
"""Answers may take a tenth of the loop's time."""

_PAUSE = 0.05
"""Seconds before more of a request is read that did not come in one piece."""

_AT_ONCE = 0.001
"""Seconds for which a text is written without letting the loop go on."""

_LINGER = 1.0
_LINGERING_BYTES = 64 * 1024
"""Seconds and bytes for which what a scraper still sends is read: if it were not, the kernel would
reset the connection, and the answer could be lost (RFC 9112, section 9.6)."""


class Server:
    """Gives `pieces`, one after the other, to everyone who asks for the metrics."""

    def __init__(self, pieces: Callable[[], Iterator[str]]) -> None:
        self._pieces = pieces
        self._pace = Pace(_RESTS)
        self._clients = Clients(self._serve, MOST, self._pace, tell_of_metrics)
        self.listen_on, self.run = self._clients.listen_on, self._clients.run

    async def _serve(self, client: Client, connection: trio.socket.SocketType) -> None:
        stream = trio.SocketStream(connection)
        with trio.fail_after(PATIENCE):
            request = await _asked(stream)
        client.heard = trio.current_time()
        status = request.status
        body = await self._text() if status is OK else status.body.encode()
        reply = head_of(status, len(body), formatdate(usegmt=True))
        with trio.fail_after(PATIENCE):
            await stream.send_all(reply + body if request.with_body else reply)
        await _linger(stream)

    async def _text(self) -> bytes:
        pieces = iter(self._pieces())
        written: list[str] = []
        more = True
        while more:
            async with self._pace.turn():
                end = trio.current_time() + _AT_ONCE
                more = False
                for piece in pieces:
                    written.append(piece)
                    if trio.current_time() >= end:
                        more = True
                        break
        return "".join(written).encode()


async def _asked(stream: trio.SocketStream) -> Asked:
    """Raises what a broken stream raises, and BrokenResourceError if it ends before its time."""
    data = bytearray()
    while True:
        end = ends(data)
        if end is not None:
            return asked(bytes(data[:end])) if end <= LONGEST_HEAD else Asked(TOO_LARGE)
        if len(data) > LONGEST_HEAD:
            return Asked(TOO_LARGE)
        if data:
            await trio.sleep(_PAUSE)
        more = await stream.receive_some(LONGEST_HEAD)
        if not more:
            raise trio.BrokenResourceError
        data += more


async def _linger(stream: trio.SocketStream) -> None:
    await stream.send_eof()
    left = _LINGERING_BYTES
    with trio.move_on_after(_LINGER):
        while left > 0 and (data := await stream.receive_some(_LINGERING_BYTES)):
            left -= len(data)
            await trio.sleep(_PAUSE)
