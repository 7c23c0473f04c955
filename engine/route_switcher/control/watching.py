"""Watches the engine of this network namespace, and the next one when it has gone."""

import errno
import os
import select
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias

from route_switcher.control.client import CannotAsk, Client, NoEngine, connected
from route_switcher.control.protocol import VERSION, request
from route_switcher.control.stream import HEARTBEAT

SILENCE = 3 * HEARTBEAT
"""Seconds after which an engine that says nothing is taken for dead."""

_AGAIN = 1.0
"""Seconds between two attempts to connect."""
_PATIENCE = 3.0
"""Seconds that a connection and a whole line may take."""
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL

Said: TypeAlias = dict[str, Any]


class Watching:
    """What is said to one who watches, as long as `output` can be written to.

    The status comes at least every `seconds`, if that is given.
    """

    def __init__(self, output: int, seconds: float | None = None) -> None:
        self._output = output
        self._request = request("watch", seconds=seconds)
        self._told = ""
        """Why there is no engine, as it was told."""

    def objects(self, tick: float) -> Iterator[Said | None]:
        """Each object that `schemas/watch.schema.json` describes; None after each `tick` seconds
        without one.

        Where no engine runs, or it has gone, it waits for the next. Raises CannotAsk if the first
        attempt fails for another reason, and BrokenPipeError when nobody reads the output any more.
        """
        first = True
        while True:
            message = ""
            try:
                with connected(_PATIENCE) as client:
                    self._begin(client)
                    first, self._told = False, ""
                    yield from self._said(client, tick)
            except CannotAsk as error:
                if first and not isinstance(error, NoEngine):
                    raise
                first, message = False, str(error)
            if message and message != self._told:
                self._told = message
                yield {"version": VERSION, "kind": "no-engine", "time": _now(), "message": message}
            end = time.monotonic() + _AGAIN
            while (left := end - time.monotonic()) > 0:
                self._wait(None, min(tick, left))
                yield None

    def _begin(self, client: Client) -> None:
        reply = client.ask(self._request)
        if reply.get("ok") is not True:
            messages = reply.get("messages")
            words = messages if isinstance(messages, list) else ["what answers there is no engine"]
            raise CannotAsk("; ".join(map(str, words)))

    def _said(self, client: Client, tick: float) -> Iterator[Said | None]:
        silent_at = time.monotonic() + SILENCE
        while True:
            left = max(silent_at - time.monotonic(), 0.0)
            if client.has_line or self._wait(client, min(tick, left)):
                yield client.next()
                silent_at = time.monotonic() + SILENCE
            elif time.monotonic() >= silent_at:
                raise CannotAsk("the engine does not answer")
            else:
                yield None

    def _wait(self, client: Client | None, seconds: float) -> bool:
        """Whether the engine says something within so many seconds."""
        poll = select.poll()
        poll.register(self._output, 0)
        if client is not None:
            poll.register(client, select.POLLIN)
        ready = dict(poll.poll(seconds * 1000))
        if ready.pop(self._output, 0) & _GONE:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        return bool(ready)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
