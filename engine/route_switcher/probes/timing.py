"""When the rounds of one probe through one uplink are due."""

import math

import trio

from route_switcher.core.probing.pace import Pace
from route_switcher.core.vocabulary.events import RoundOutcome
from route_switcher.core.vocabulary.states import Speed


class Timing:
    """The schedule of one `repeat`: call `due`, make the round, call `ended`, and so on.

    The first round is due after `spread` seconds, each other as long after the one before as `pace`
    says. Others may ask for one at once, or for another speed. A round that is asked for while
    another is open may be sent beside it: call `due_beside` in a task of its own for those.
    """

    def __init__(self, pace: Pace, spread: float = 0.0) -> None:
        self._pace = pace
        # Counted from the last change of step, so that no sum of floats drifts.
        self._start = trio.current_time() + spread
        self._step = pace.interval
        self._sent_slot = -1
        self._slot = 0
        self._sent_at = -math.inf
        self._open = 0
        """Rounds that were sent, and are neither ended nor overtaken."""
        self._asked = self._asked_again = False
        self._waiting = False
        """Whether a task is in `due`, which then sends what is asked for."""
        self._changed = trio.Event()
        self._asked_beside = trio.Event()

    def ask(self, *, again: bool = False) -> None:
        """Have a round sent at once. While one is open, it is sent as soon as that has ended, or
        beside it once the latest was sent `Pace.apart` seconds ago.

        `again`: have it sent that long after the latest in any case. The schedule starts anew with
        it. Asking again before it is sent changes nothing.
        """
        if again:
            self._asked_again = True
        else:
            self._asked = True
        self._changed.set()
        self._asked_beside.set()

    def go(self, speed: Speed) -> None:
        """Take another speed: the round waited for is due one of its intervals after the last, or
        at once if that is past."""
        self._pace.speed = speed
        self._changed.set()

    async def due(self) -> None:
        """Wait until the next round is to be sent."""
        self._waiting = True
        while True:
            if self._sent_at > -math.inf and self._pace.interval != self._step:
                self._start_anew(max(trio.current_time(), self._sent_at + self._pace.interval))
            with trio.move_on_at(min(self._regular_at, self._wanted_at)):
                await self._changed.wait()
            self._changed = trio.Event()
            now = trio.current_time()
            wanted = now >= self._wanted_at
            if wanted:
                self._start_anew(now)
            if wanted or now >= self._regular_at:
                self._waiting = False
                self._send(now)
                return

    async def due_beside(self) -> None:
        """Wait until a round is to be sent beside one that is open."""
        while True:
            with trio.move_on_at(math.inf if self._waiting else self._wanted_at):
                await self._asked_beside.wait()
            self._asked_beside = trio.Event()
            now = trio.current_time()
            if now >= self._wanted_at and not self._waiting:
                self._start_anew(now)
                self._send(now)
                return

    def ended(self, outcome: RoundOutcome) -> None:
        """Note that a round has ended, and what it came to; to be told in the order of sending."""
        self._open -= 1
        if self._pace.after(outcome) != self._step:
            self._start_anew(self._sent_at)
            self._sent_slot = 0
        elapsed = (trio.current_time() - self._start) / self._step
        slot = next_slot(self._sent_slot, elapsed)
        # The round may have been sent long after its slot, if we were not woken in time.
        early = self._start + slot * self._step - self._sent_at < self._step / 2
        self._slot = slot + 1 if early else slot
        if self._waiting:
            self._changed.set()
        elif self._asked:
            self._asked_beside.set()

    def overtaken(self, rounds: int) -> None:
        """Note that so many rounds count no more, since a newer one was good."""
        self._open -= rounds

    @property
    def _regular_at(self) -> float:
        """When the next round is due by the pace; inf while what an open one comes to may change
        that."""
        return math.inf if self._open else self._start + self._slot * self._step

    @property
    def _wanted_at(self) -> float:
        """When a round that was asked for is due; inf: none was."""
        if self._asked and not self._open:
            return -math.inf
        if self._asked or self._asked_again:
            return self._sent_at + self._pace.apart
        return math.inf

    def _send(self, now: float) -> None:
        self._asked = self._asked_again = False
        self._sent_at = now
        self._sent_slot = self._slot
        self._slot += 1
        self._open += 1

    def _start_anew(self, at: float) -> None:
        self._start, self._step = at, self._pace.interval
        self._sent_slot, self._slot = -1, 0


def next_slot(last: int, elapsed: float) -> int:
    """The slot to send in after slot `last`, when `elapsed` steps have passed since slot 0.

    One that was missed by less than half a step is made up for (with a timeout as long as the
    interval, each failed round ends just after the next is due); older ones are skipped. So after
    any stall one round is sent, and two are never less than half a step apart.
    """
    return max(last + 1, math.floor(elapsed + 0.5))
