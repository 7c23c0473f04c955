"""When to tell a person once more of what goes on: soon at first, then ever more rarely."""

from math import inf

FIRST_REMINDER = 60.0
LONGEST_REMINDER = 3600.0
"""Seconds; the pause doubles each time."""


class Reminder:
    """Remembers when it was told last."""

    __slots__ = ("_next_at", "_pause")

    def __init__(self) -> None:
        self.end()

    def end(self) -> None:
        """It is over: the next time is the first one."""
        self._next_at, self._pause = -inf, FIRST_REMINDER

    @property
    def next_at(self) -> float:
        """When it is due; -inf: now."""
        return self._next_at

    def due(self, at: float) -> bool:
        """Whether to tell it now."""
        if at < self._next_at:
            return False
        self._next_at = at + self._pause
        self._pause = min(2 * self._pause, LONGEST_REMINDER)
        return True
