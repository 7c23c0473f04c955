"""Short work that may have to wait for the kernel, done by a thread in the order in which it was
given."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

import trio

from route_switcher.thread_work import Outcome, without_signals

T = TypeVar("T")


class Do(Protocol):
    """Do `work`, and give `then` what it returned."""

    def __call__(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Have it done; it may be done by now."""


def at_once(work: Callable[[], T], then: Callable[[T], None]) -> None:
    """Do it here."""
    then(work())


class InOrder:
    """To be used within one run of trio. `then` is called in the loop's own thread. Where no thread
    can be had, the loop does it."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._busy = False

    def do(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """See `Do`."""
        self._waiting.append(partial(self._begin, work, then))
        if not self._busy:
            self._go_on()

    def _go_on(self) -> None:
        while self._waiting and not self._busy:
            self._waiting.popleft()()

    def _begin(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        token = trio.lowlevel.current_trio_token()

        def end(unwrap: Callable[[], T]) -> None:
            self._busy = False
            then(unwrap())
            self._go_on()

        def deliver(result: Outcome[T]) -> None:
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(end, result.unwrap)

        self._busy = True
        try:
            trio.lowlevel.start_thread_soon(partial(without_signals, work), deliver)
        except RuntimeError:  # no thread (threading)
            self._busy = False
            then(work())
