"""Those who watch. Each is sent what happens; who does not read loses it alone.

A line of the log costs the loop one place in a queue with a bound. Everything else is done in a
turn of the clients (`Pace`): a line is written once, whoever watches.
"""

import fcntl
import struct
import termios
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from math import inf
from typing import Any, TypeAlias

import trio

from route_switcher.control.protocol import done, encode
from route_switcher.control.stream import HEARTBEAT, event_line, line, unmoving
from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.listeners import Heard, listening

MOST_EVENTS = 64
"""Events that wait for one watcher; one more takes the place of the oldest."""

UNREAD = 60.0
"""Seconds that a watcher may leave what it was sent unread."""

_MOST_HEARD = 256
_LOOK = 1.0
"""Seconds between two looks for changes that no event tells of."""
_PAUSE = 0.5
"""Seconds between two statuses."""
_BREATH = 0.1
"""Seconds between two batches for one watcher."""
_LOOK_UNREAD = 0.5
"""Seconds between two looks whether it has read."""

_COUNT = struct.Struct("i")

Document: TypeAlias = Mapping[str, Any]


class Watcher:
    """What waits for one who watches."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """The status comes at least every so many."""
        self.sent = trio.current_time()
        self.unread_since = inf
        """Since when it has left unread what it was sent; inf: it reads."""
        self.status_due = 0.0
        self.waiting = trio.Event()
        self._events: deque[bytes] = deque()
        self._status = b""
        self._lost = 0

    def put_events(self, lines: list[bytes], lost: int) -> None:
        """Give it what happened; `lost` before that were lost already."""
        self._events.extend(lines)
        self._lost += lost
        while len(self._events) > MOST_EVENTS:
            self._events.popleft()
            self._lost += 1
        if lines:
            self.waiting.set()

    def put_status(self, status: bytes) -> None:
        """Give it the latest status, which takes the place of one that waits."""
        self._status = status
        self.status_due = trio.current_time() + self.seconds
        self.waiting.set()

    def take(self, time: str) -> bytes:
        """All that waits, in its order."""
        self.waiting = trio.Event()
        lost = [line("lost", time, events=self._lost)] if self._lost else []
        taken = b"".join([*lost, *self._events, self._status])
        self._events.clear()
        self._status, self._lost = b"", 0
        return taken


class Watchers:
    """Tells everyone who watches. `document` is the status as JSON has it."""

    def __init__(self, document: Callable[[], Document], pace: Pace) -> None:
        self._document = document
        self._pace = pace
        self._watchers: set[Watcher] = set()
        self._heard: deque[tuple[str, Heard]] = deque()
        self._lost = 0
        self._known: object = None
        """The latest status that all were sent, without what always moves."""
        self._wake = trio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        with listening(self._hear):
            while True:
                if not self._watchers:
                    await self._wake.wait()
                with trio.move_on_after(_LOOK):
                    await self._wake.wait()
                self._wake = trio.Event()
                async with self._pace.turn():
                    self._pass_on()
                await trio.sleep(_PAUSE)

    def _hear(self, heard: Heard) -> None:
        if not self._watchers:
            return
        if len(self._heard) == _MOST_HEARD:
            self._heard.popleft()
            self._lost += 1
        self._heard.append((_now(), heard))
        self._wake.set()

    def _pass_on(self) -> None:
        if not self._watchers:
            self._heard.clear()
            return
        lines = [event_line(at, h.level, h.event, h.message, h.fields) for at, h in self._heard]
        lost, self._lost = self._lost, 0
        self._heard.clear()
        for watcher in self._watchers:
            watcher.put_events(lines, lost)
        document, now = self._document(), trio.current_time()
        known = unmoving(document)
        changed = bool(lines) or lost > 0 or known != self._known
        self._known = known
        wanting = [each for each in self._watchers if changed or each.status_due <= now]
        if wanting:
            status = _status_line(document)
            for watcher in wanting:
                watcher.put_status(status)

    async def serve(self, watcher: Watcher, stream: trio.SocketStream) -> None:
        """Send it everything until it goes, says something more, or does not read."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_until_heard, stream, nursery.cancel_scope)
                with suppress(OSError, trio.BrokenResourceError, trio.TooSlowError):
                    await self._send(watcher, stream)
                nursery.cancel_scope.cancel()
        finally:
            self._watchers.discard(watcher)

    async def _send(self, watcher: Watcher, stream: trio.SocketStream) -> None:
        async with self._pace.turn():
            document = self._document()
            if not self._watchers:
                self._known = unmoving(document)
            batch = encode(done("watch")) + _status_line(document)
            watcher.status_due = trio.current_time() + watcher.seconds
            self._watchers.add(watcher)
            self._wake.set()
        while True:
            watcher.sent = watcher.unread_since = trio.current_time()
            with trio.fail_after(UNREAD):
                await stream.send_all(batch)
                await _until_read(stream)
            watcher.unread_since = inf
            with trio.move_on_at(watcher.sent + HEARTBEAT):
                await watcher.waiting.wait()
            async with self._pace.turn():
                batch = watcher.take(_now()) or line("alive", _now())


async def _until_read(stream: trio.SocketStream) -> None:
    """Wait until the other end has read everything. So nothing that is old lies before it when it
    reads again."""
    await trio.sleep(_BREATH)
    while True:
        try:
            left = fcntl.ioctl(stream.socket.fileno(), termios.TIOCOUTQ, bytes(_COUNT.size))
        except OSError:  # forbidden: what the kernel holds is bounded anyway
            return
        if not _COUNT.unpack(left)[0]:
            return
        await trio.sleep(_LOOK_UNREAD)


async def _until_heard(stream: trio.SocketStream, scope: trio.CancelScope) -> None:
    """End it when the other end goes or says anything."""
    with suppress(OSError, trio.BrokenResourceError):
        await stream.receive_some(1)
    scope.cancel()


def _status_line(document: Document) -> bytes:
    return line("status", _now(), status=document)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
