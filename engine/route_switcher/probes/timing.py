"""When the rounds of one probe through one uplink are due."""

import math

import trio

from route_switcher.core.events import RoundOutcome
from route_switcher.core.pace import Pace, Speed


class Timing:
    """The schedule of one `repeat`: call `due`, make the round, call `ended`, and so on.

    The first round is due after `spread` seconds, each other as long after the one before as `pace`
    says. Others may ask for one at once, or for another speed.
    """

    def __init__(self, pace: Pace, spread: float = 0.0) -> None:
        self._pace = pace
        # Counted from the last change of step, so that no sum of floats drifts.
        self._start = trio.current_time() + spread
        self._step = pace.interval
        self._slot = 0
        self._sent_at = -math.inf
        self._asked = False
        self._changed = trio.Event()

    def ask(self) -> None:
        """Have a round sent at once or, while one is under way, as soon as that has ended.

        The schedule starts anew with it. Asking again before it is sent changes nothing.
        """
        self._asked = True
        self._changed.set()

    def go(self, speed: Speed) -> None:
        """Take another speed: the round waited for is due one of its intervals after the last, or
        at once if that is past."""
        self._pace.speed = speed
        self._changed.set()

    async def due(self) -> None:
        """Wait until the next round is to be sent."""
        while True:
            if self._sent_at > -math.inf and self._pace.interval != self._step:
                self._start_anew(max(trio.current_time(), self._sent_at + self._pace.interval))
            with trio.move_on_at(self._start + self._slot * self._step):
                await self._changed.wait()
            self._changed = trio.Event()
            now = trio.current_time()
            if self._asked:
                self._asked = False
                self._start_anew(now)
            if now >= self._start + self._slot * self._step:
                self._sent_at = now
                return

    def ended(self, outcome: RoundOutcome) -> None:
        """Note that the round has ended, and what it came to."""
        if self._pace.after(outcome) != self._step:
            self._start_anew(self._sent_at)
        elapsed = (trio.current_time() - self._start) / self._step
        slot = next_slot(self._slot, elapsed)
        # The round may have been sent long after its slot, if we were not woken in time.
        early = self._start + slot * self._step - self._sent_at < self._step / 2
        self._slot = slot + 1 if early else slot

    def _start_anew(self, at: float) -> None:
        self._start, self._step, self._slot = at, self._pace.interval, 0


def next_slot(last: int, elapsed: float) -> int:
    """The slot to send in after slot `last`, when `elapsed` steps have passed since slot 0.

    One that was missed by less than half a step is made up for (with a timeout as long as the
    interval, each failed round ends just after the next is due); older ones are skipped. So after
    any stall one round is sent, and two are never less than half a step apart.
    """
    return max(last + 1, math.floor(elapsed + 0.5))
