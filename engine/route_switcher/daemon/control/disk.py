"""Work on a disk, which may hang: by a thread, and for a limited time."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import trio

from route_switcher.daemon.report import say
from route_switcher.thread_work import without_signals

LIMIT = 5.0
"""Seconds that a disk may take."""

T = TypeVar("T")


class Disk:
    """One piece of work at a time. When it fails, the log says `trouble` and why, once until it
    goes well again."""

    def __init__(self, trouble: str) -> None:
        self._trouble = trouble
        self._told = False
        # A disk that hangs keeps the token, so that threads do not pile up.
        self._one = trio.CapacityLimiter(1)

    async def do(self, work: Callable[[], T]) -> T | None:
        """What `work` returns; None if it fails with an OSError or takes too long."""
        why = "the disk hangs"
        if not self._one.borrowed_tokens:
            try:
                with trio.move_on_after(LIMIT):
                    result: T = await trio.to_thread.run_sync(
                        partial(without_signals, work), abandon_on_cancel=True, limiter=self._one
                    )
                    self._told = False
                    return result
            except OSError as error:
                why = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
            except RuntimeError as error:  # no thread (threading)
                why = str(error)
        if not self._told:
            self._told = True
            self._tell(f"{self._trouble}: {why}")
        return None

    def _tell(self, text: str) -> None:
        say(logging.WARNING, "control", text)
