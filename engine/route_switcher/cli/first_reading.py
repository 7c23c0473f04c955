"""What is read before the loop runs, such as the policy: it may hang, and must not hold up SIGTERM
then."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from route_switcher.daemon.thread_start import start
from route_switcher.policy.problems import PolicyProblems, Problem
from route_switcher.policy.yaml.files import TIME_LIMIT

T = TypeVar("T")

_USUAL = 2.0
"""Seconds that a reading may take on a busy machine: meanwhile signals wait for the daemon."""
_LOOK = 0.1
_ENDING = (signal.SIGTERM, signal.SIGINT)


class AskedToEnd(Exception):  # noqa: N818 - a condition, not an error
    """A signal came while the reading hung; the message names it."""


def read_in_time(
    read: Callable[[], T], origin: str, limit: float = TIME_LIMIT, *, what: str = "the policy"
) -> T:
    """What `read` returns or raises; it is left behind in its thread when it takes too long.

    To be called while the signals are held. Raises `AskedToEnd`, and `PolicyProblems` after `limit`
    seconds, and NoThread.
    """
    reading = _Reading(read)
    start(reading)
    end = time.monotonic() + limit
    reading.join(min(_USUAL, limit))
    while reading.is_alive():
        signalled = signal.sigtimedwait(_ENDING, _LOOK)
        if signalled is not None:
            raise AskedToEnd(signal.Signals(signalled.si_signo).name)
        if time.monotonic() > end:
            message = f"cannot read {what}: not within {limit:g} s"
            raise PolicyProblems(origin, [Problem("unreadable", message)])
    return reading.result()


class _Reading(threading.Thread, Generic[T]):
    def __init__(self, read: Callable[[], T]) -> None:
        super().__init__(name="reading the policy", daemon=True)
        self._read = read
        self._found: list[T] = []
        self._raised: BaseException | None = None

    def run(self) -> None:
        try:
            self._found.append(self._read())
        except BaseException as error:  # raised again by `result`
            self._raised = error

    def result(self) -> T:
        if self._raised is not None:
            raise self._raised
        return self._found[0]
