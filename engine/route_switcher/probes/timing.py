"""Waits until the rounds of one probe through one uplink are due."""

from collections.abc import Callable
from typing import TypeAlias

import trio

from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.schedule import ProbeSchedule
from route_switcher.core.probing.time_unit import SECONDS
from route_switcher.core.vocabulary.states import RoundOutcome, Speed

TellDelay: TypeAlias = Callable[[float], None]
"""Is told of each round how many seconds later than planned it is sent."""


class Timing:
    """The schedule of one `repeat`: call `due`, make the round, call `ended`, and so on.

    The first round is due after `spread` seconds, the others as `ProbeSchedule` says. A round that
    is asked for while another is open may be sent beside it: call `due_beside` in a task of its own
    for those. `tell_delay` is told how late each one is.
    """

    def __init__(
        self, pace: Pace, spread: float = 0.0, tell_delay: TellDelay = lambda _: None
    ) -> None:
        self._tell_delay = tell_delay
        self._planned_at = trio.current_time()
        """When it was last said when the next round is due, which may be a time that is past."""
        self._schedule = ProbeSchedule(pace, trio.current_time() + spread, SECONDS)
        self._waiting = False
        """Whether a task is in `due`, which then sends what is asked for."""
        self._changed = trio.Event()
        self._asked_beside = trio.Event()

    def ask(self, *, again: bool = False) -> None:
        """Have a round sent at once, or `again` (see `ProbeSchedule.ask`)."""
        self._schedule.ask(again=again)
        self._planned_at = trio.current_time()
        self._changed.set()
        self._asked_beside.set()

    def set_speed(self, speed: Speed) -> None:
        """Take another speed (see `ProbeSchedule.set_speed`)."""
        self._planned_at = trio.current_time()
        self._schedule.set_speed(speed, self._planned_at)
        self._changed.set()

    async def due(self) -> None:
        """Wait until the next round is to be sent."""
        self._waiting = True
        self._planned_at = trio.current_time()
        while True:
            with trio.move_on_at(self._schedule.due):
                await self._changed.wait()
            self._changed = trio.Event()
            now = trio.current_time()
            if now >= self._schedule.due:
                self._waiting = False
                self._tell_delay(now - max(self._schedule.due, self._planned_at))
                self._schedule.sent(now)
                return

    async def due_beside(self) -> None:
        """Wait until a round is to be sent beside one that is open."""
        while True:
            with trio.move_on_at(SECONDS.never if self._waiting else self._schedule.asked_for):
                await self._asked_beside.wait()
            self._asked_beside = trio.Event()
            now = trio.current_time()
            if now >= self._schedule.asked_for and not self._waiting:
                self._tell_delay(now - max(self._schedule.asked_for, self._planned_at))
                self._schedule.sent(now)
                return

    def ended(self, outcome: RoundOutcome) -> None:
        """Note that a round has ended, and what it came to; to be told in the order of sending."""
        self._planned_at = trio.current_time()
        self._schedule.ended(outcome, self._planned_at)
        if self._waiting:
            self._changed.set()
        elif self._schedule.asked_for < SECONDS.never:
            self._asked_beside.set()

    def overtaken(self, rounds: int) -> None:
        """Note that so many rounds count no more, since a newer one was good."""
        self._schedule.overtaken(rounds)
