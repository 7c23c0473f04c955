"""The rounds of a window, packed: unpacked, an hour at 10 ms would take a hundred megabytes."""

from array import array
from bisect import bisect_left
from enum import IntEnum

BYTES_A_SAMPLE = 52
"""Bytes that one sample takes at most: five columns, and what they have not given back yet."""

NO_STEP = -1
"""In place of a step where there is no answer before."""

_KEPT = 4
"""Of so many samples one may be past before the columns are moved up."""

_FEW = 64
"""Past samples that are no matter."""


class Fate(IntEnum):
    """What became of a target in a round."""

    PENDING = 0
    LOST = 1
    REPAIRED = 2
    """It answered, but after the timeout: no loss, and nothing is said of the latency."""
    HEARD = 3


class Samples:
    """Columns of equal length; what stands before index `first` is past. Times are microseconds."""

    __slots__ = ("at", "fate", "first", "rtt", "step", "weight")

    def __init__(self) -> None:
        self.at = array("q")
        """When the round was sent; they are in this order."""
        self.weight = array("q")
        """The time since the round before."""
        self.fate = array("B")
        self.rtt = array("q")
        self.step = array("q")
        """The difference between this round-trip time and the one before; or `NO_STEP`."""
        self.first = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.at) - self.first

    def append(self, at: int, weight: int, fate: int, rtt: int, step: int) -> None:
        """Add the latest."""
        self.at.append(at)
        self.weight.append(weight)
        self.fate.append(fate)
        self.rtt.append(rtt)
        self.step.append(step)

    def drop_first(self) -> None:
        """The earliest is past."""
        self.first += 1
        if self.first > _FEW and self.first * _KEPT > len(self.at):
            for column in (self.at, self.weight, self.fate, self.rtt, self.step):
                del column[: self.first]
            self.first = 0

    def sent_at(self, at: int) -> int | None:
        """The index of the latest that was sent at this time."""
        index = bisect_left(self.at, at + 1, self.first) - 1
        return index if index >= self.first and self.at[index] == at else None

    def shift(self, by: int) -> None:
        """Let all have been sent so much later."""
        self.at = array("q", [at + by for at in self.at])

    def clear(self) -> None:
        """Forget all."""
        for column in (self.at, self.weight, self.fate, self.rtt, self.step):
            del column[:]
        self.first = 0
