"""What comes and goes again and again: a person is told so once, then ever more rarely.

A route that somebody deletes every second, and that is put back, would otherwise fill the log.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

from route_switcher.core.reminder import Reminder

OVER = 60.0
"""Seconds without a change after which it is over: what comes later comes for the first time."""

Subject = TypeVar("Subject", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Coming:
    """Something came: how often in how many seconds, and whether to tell of it."""

    times: int
    seconds: float
    tell: bool

    @property
    def first(self) -> bool:
        """Whether it did not come a short time ago."""
        return self.times == 1

    @property
    def words(self) -> str:
        """How often, for a person."""
        return f"{self.times} times in {self.seconds:.0f} s"


@dataclass(slots=True)
class _Past:
    began: float
    latest: float
    times: int = 0
    reminder: Reminder = field(default_factory=Reminder)
    tell_end_at: float = inf


class Recurring(Generic[Subject]):
    """Remembers what came within the last minute. Times are seconds."""

    __slots__ = ("_forgotten_at", "_past")

    def __init__(self) -> None:
        self._past: dict[Subject, _Past] = {}
        self._forgotten_at = -inf

    def comes(self, at: float, subject: Subject) -> Coming:
        """It came. From the second time on it is told now and then only."""
        self._forget(at)
        past = self._past.setdefault(subject, _Past(at, at))
        past.latest, past.tell_end_at = at, inf
        past.times += 1
        tell = past.times == 1 or past.reminder.due(at)
        return Coming(past.times, at - past.began, tell)

    def goes(self, at: float, subject: Subject) -> bool:
        """It went. Returns whether to tell of it now; if not, `ended` says when it stays away."""
        self._forget(at)
        past = self._past.get(subject)
        if past is None:
            return True
        past.latest = at
        if past.times > 1:
            past.tell_end_at = at + OVER
        return past.times == 1

    def again(self, at: float, subject: Subject) -> bool:
        """Whether it came more than once, and that is not over."""
        past = self._past.get(subject)
        return past is not None and past.times > 1 and at < past.latest + OVER

    def ended(self, at: float) -> list[Subject]:
        """What has stayed away, each told once."""
        over = [subject for subject, past in self._past.items() if past.tell_end_at <= at]
        for subject in over:
            del self._past[subject]
        return over

    def deadline(self) -> float:
        """When to ask what has `ended`; inf: never."""
        if not self._past:
            return inf
        return min(past.tell_end_at for past in self._past.values())

    def _forget(self, at: float) -> None:
        if at == self._forgotten_at:
            return  # thousands may come in one moment
        self._forgotten_at = at
        self._past = {
            subject: past
            for subject, past in self._past.items()
            if at < past.latest + OVER or past.tell_end_at < inf
        }
