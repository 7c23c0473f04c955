"""What somebody else takes away of ours: each loss is told, unless the same was lost a short time
ago. Then one line tells of the whole war, and after a minute, two minutes and so on another."""

from collections.abc import Hashable, Iterable
from math import inf
from typing import Generic, TypeVar

from route_switcher.core.recurring import OVER, Recurring
from route_switcher.core.reminder import Reminder

Thing = TypeVar("Thing", bound=Hashable)


class Losses(Generic[Thing]):
    """Of routes or of rules."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._recurring: Recurring[Thing] = Recurring()
        self._reminder = Reminder()
        self._over_at = inf

    def see(self, at: float, lost: Iterable[Thing]) -> tuple[frozenset[Thing], str]:
        """Take what is missing at `at`. Returns which of it was lost a short time ago as well, and
        what to tell of that; empty: it was told."""
        comings = {thing: self._recurring.comes(at, thing) for thing in lost}
        again = {thing: coming for thing, coming in comings.items() if not coming.first}
        if not again:
            return frozenset(), ""
        if at >= self._over_at:
            self._reminder.end()
        self._over_at = at + OVER
        text = ""
        if self._reminder.due(at):
            often = max(again.values(), key=lambda coming: coming.times).words
            text = (
                f"{self._name} of ours are taken away by somebody else again and again, {often}, "
                f"and are put back each time: {'; '.join(map(str, again))}"
            )
        return frozenset(again), text

    def again(self, at: float, thing: Thing) -> bool:
        """Whether it is lost again and again."""
        return self._recurring.again(at, thing)
