"""When an engine ran, and watched the lines; and when none did."""

from dataclasses import dataclass

from route_switcher.past.troubles import Span

_SLEPT = 5.0
"""Seconds by which the time of day went ahead of the engine's clock if the machine slept."""


@dataclass(frozen=True, slots=True)
class Gap:
    """From `begins` to `ends` nobody watched, for a reason in words."""

    begins: float
    ends: float
    reason: str

    @property
    def span(self) -> Span:
        """From when to when."""
        return self.begins, self.ends


class Watch:
    """Finds the gaps, as the journal goes on."""

    def __init__(self, since: float) -> None:
        self.gaps: list[Gap] = []
        self._latest = since
        self._why = "there is no journal of that time"
        self._running = False
        self._ahead = 0.0
        self._missing = ""

    @property
    def latest(self) -> float:
        """The time of the latest entry."""
        return self._latest

    @property
    def running(self) -> bool:
        """Whether an engine is at work."""
        return self._running

    def begin(self, at: float, ahead: float) -> None:
        """An engine begins, or the journal does in the middle of its run."""
        if at > self._latest:
            self.gaps.append(Gap(self._latest, at, self._why))
        self._running, self._ahead, self._missing = True, ahead, ""
        self._latest = max(self._latest, at)
        self._why = "the engine or the machine stopped without a word"

    def go_on(self, at: float, ahead: float) -> Gap | None:
        """An entry was written; returns the gap before it, if there was one."""
        gap = None
        asleep = ahead - self._ahead
        if self._missing and at > self._latest:
            gap = Gap(self._latest, at, self._missing)
        elif self._running and asleep > _SLEPT:
            gap = Gap(max(self._latest, at - asleep), at, "the machine slept")
        if gap is not None:
            self.gaps.append(gap)
        self._missing = ""
        self._ahead = ahead
        self._latest = max(self._latest, at)
        return gap

    def lose(self, reason: str) -> None:
        """The journal lacks what happened until the next entry."""
        self._missing = reason

    def end(self, at: float) -> None:
        """The engine was stopped."""
        self._latest = max(self._latest, at)
        self._running = False
        self._why = "the engine was stopped"

    def close(self, until: float, patience: float) -> None:
        """The journal ends; an engine at work has written within `patience` seconds."""
        if until - self._latest > (patience if self._running else 0.0):
            self.gaps.append(Gap(self._latest, until, self._why))
