"""How many lines one cause may write: a burst, then one line with a count from time to time.

Without it, a fight over a route or an interface that comes and goes would fill a disk and hide the
lines that matter. Pure: whoever uses it says what time it is.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

WINDOW = 60.0
BURST = 10
BURSTS = {"decision": 20, "rule": 20, "routes": 20}
"""How many lines a cause may write in so many seconds; and of which events it may write more."""

SPAN, LONGEST_SPAN = 10.0, 60.0
"""Seconds after which what was held back is told of: at first, and while it goes on and on. When
nothing has come for the first of them, it is over."""

CAUSES = 64
"""Causes that are told apart. All others of an event are taken for one."""

LineT = TypeVar("LineT")


@dataclass(frozen=True, slots=True)
class Held(Generic[LineT]):
    """Lines of one cause that were held back: the latest of them, and how many more there were."""

    latest: LineT
    more: int
    seconds: float
    """The time in which they came."""


class _Cause(Generic[LineT]):
    def __init__(self, at: float) -> None:
        self.began = at
        self.last = at
        self.passed = 0
        self.span = 0.0
        """0: nothing has been held back."""
        self.held = 0
        self.latest: LineT | None = None

    def ends(self) -> float:
        if not self.span:
            return self.began + WINDOW
        return min(self.began + self.span, self.last + SPAN)


class LogLimit(Generic[LineT]):
    """Lets lines pass or holds them back. Remembers `CAUSES` causes and one for each event."""

    def __init__(self) -> None:
        self._causes: dict[Hashable, _Cause[LineT]] = {}
        self._due_at = inf

    def passes(self, event: str, subject: Hashable, line: LineT, at: float) -> bool:
        """Whether `line` may be written now; else it is held back until it is `due`."""
        key: Hashable = (event, subject)
        if key not in self._causes and len(self._causes) >= CAUSES:
            key = event
        cause = self._causes.get(key)
        if cause is None:
            cause = self._causes[key] = _Cause(at)
        cause.last = at
        passes = not cause.span and cause.passed < BURSTS.get(event, BURST)
        if passes:
            cause.passed += 1
        else:
            if not cause.span:
                cause.began, cause.span = at, SPAN
            cause.held += 1
            cause.latest = line
        self._due_at = min(self._due_at, cause.ends())
        return passes

    def due(self, at: float) -> Iterator[Held[LineT]]:
        """What was held back and is to be told at this time; infinity: all of it."""
        if at < self._due_at:
            return
        for key, cause in list(self._causes.items()):
            if cause.ends() > at:
                continue
            if cause.held and cause.latest is not None:
                yield Held(cause.latest, cause.held - 1, min(at, cause.last) - cause.began)
            if not cause.held or at >= cause.last + SPAN:
                del self._causes[key]
            else:
                cause.began, cause.held = at, 0
                cause.span = min(2 * cause.span, LONGEST_SPAN)
        self._due_at = min((cause.ends() for cause in self._causes.values()), default=inf)
