"""When the next round of one probe through one uplink is to be sent.

    first, then at the pace (`Pace`)   a round is due one interval after the latest was sent, in the
                                       phase of the first, once no round is open
    asked for                          due at once, or as soon as no round is open; beside an open
                                       round, once the latest was sent `Pace.apart` ago
    asked for again                    due once the latest was sent `Pace.apart` ago
    another speed                      due one new interval after the latest was sent

A round that was asked for, and another interval, begin a new phase. The daemon (`probes.timing`)
and virtual time (`virtual.stream`) run this schedule; what they add is the waiting.
"""

import math
from collections.abc import Callable
from typing import Generic

from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.time_unit import Time, TimeUnit
from route_switcher.core.vocabulary.states import RoundOutcome, Speed


class ProbeSchedule(Generic[Time]):
    """The first round is due at `first`. Times are in `unit`.

    Tell it of every round when it is sent, and when it has ended; then ask when the next is due.
    """

    __slots__ = (
        "_asked",
        "_asked_again",
        "_of_seconds",
        "_open",
        "_pace",
        "_sent_slot",
        "_slot",
        "_start",
        "_step",
        "_unit",
        "sent_at",
    )

    def __init__(self, pace: Pace, first: Time, unit: TimeUnit[Time]) -> None:
        self._pace = pace
        self._unit: TimeUnit[Time] = unit
        self._of_seconds: Callable[[float], Time] = unit.of_seconds
        # Counted from the last change of step, so that no sum of floats drifts.
        self._start: Time = first
        self._step: Time = self.interval
        self._sent_slot = -1
        self._slot = 0
        self.sent_at: Time = -unit.never
        """When the latest round was sent; `-never` before the first."""
        self._open = 0
        """Rounds that were sent, and are neither ended nor overtaken."""
        self._asked = self._asked_again = False

    @property
    def interval(self) -> Time:
        """The time from one round to the next, as things are now."""
        return self._of_seconds(self._pace.interval)

    @property
    def due(self) -> Time:
        """When the next round is to be sent, which may be past; `never` while that depends on what
        an open one comes to."""
        return self.asked_for if self._open else min(self._regular, self.asked_for)

    @property
    def asked_for(self) -> Time:
        """When a round that was asked for is to be sent; `never`: none was."""
        if self._asked and not self._open:
            return -self._unit.never
        if self._asked or self._asked_again:
            return self.sent_at + self._of_seconds(self._pace.apart)
        return self._unit.never

    def ask(self, *, again: bool = False) -> None:
        """Have a round sent at once. While one is open, it is due as soon as that has ended, or
        beside it once the latest was sent `Pace.apart` seconds ago.

        `again`: it is due that long after the latest in any case. To ask twice before it is sent
        changes nothing.
        """
        if again:
            self._asked_again = True
        else:
            self._asked = True

    def set_speed(self, speed: Speed, now: Time) -> None:
        """Take another speed: the next round is due one of its intervals after the latest, or now
        if that is past. A round that is due already stays due."""
        self._pace.speed = speed
        step = self.interval
        if self._open or step == self._step or self.sent_at == -self._unit.never:
            return  # the end of the open round, or of the first, will see it
        if now < self._regular:
            self._start_anew(max(now, self.sent_at + step), step)

    def sent(self, now: Time) -> None:
        """A round is sent now."""
        if self.asked_for <= now:
            self._start_anew(now, self.interval)
        self._asked = self._asked_again = False
        self.sent_at = now
        self._sent_slot = self._slot
        self._slot += 1
        self._open += 1

    def ended(self, outcome: RoundOutcome, now: Time) -> None:
        """A round has come to `outcome`; to be told in the order of sending."""
        self._open -= 1
        step = self._of_seconds(self._pace.after(outcome))
        if step != self._step:
            self._start_anew(self.sent_at, step)
            self._sent_slot = 0
        slot = next_slot(self._sent_slot, (now - self._start) / step)
        # The round may have been sent long after its slot, if we were not woken in time.
        early = self._start + slot * step - self.sent_at < step / 2
        self._slot = slot + 1 if early else slot

    def overtaken(self, rounds: int) -> None:
        """So many rounds count no more, since a newer one was good."""
        self._open -= rounds

    def fast_forward(self, delta: Time) -> None:
        """Let `delta` pass in which rounds went on as before."""
        self._start += delta
        self.sent_at += delta

    @property
    def _regular(self) -> Time:
        """When the next round is due by the pace."""
        return self._start + self._slot * self._step

    def _start_anew(self, at: Time, step: Time) -> None:
        self._start, self._step = at, step
        self._sent_slot, self._slot = -1, 0


def next_slot(last: int, elapsed: float) -> int:
    """The slot to send in after slot `last`, when `elapsed` steps have passed since slot 0.

    One that was missed by less than half a step is made up for (with a timeout as long as the
    interval, each failed round ends just after the next is due); older ones are skipped. So after
    any stall one round is sent, and two are never less than half a step apart.
    """
    return max(last + 1, math.floor(elapsed + 0.5))
