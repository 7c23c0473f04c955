"""Single lost packets: which of those that are sent through a line to a target never come back.

Time is cut into slots of 100 ms. In each, whatever is sent through one line to one target is lost
with the chance of the line's loss, whatever was lost before. So two policies that ask at the same
time lose the same, rounds at least 100 ms apart lose independently of each other, and the share of
packets that is lost is the same however often one asks.
"""

from collections import deque
from collections.abc import Iterator
from math import log
from random import Random

SLOT = 100_000_000
"""Nanoseconds of a slot."""

_PHASE = 34_567_891
"""Slots begin so many nanoseconds off the times at which rounds are sent."""

_MASK = 2**64 - 1


def slot_of(time: int) -> int:
    """The number of the slot that a time (in nanoseconds) falls into."""
    return (time + _PHASE) // SLOT


class Losses:
    """The slots of one line and target in which packets are lost, in the course of time."""

    def __init__(self, seed: str, share: float) -> None:
        self._coming = _lost_slots(seed, share)
        self._known: deque[int] = deque()

    def lost(self, time: int) -> bool:
        """Whether a packet sent at `time` (nanoseconds) is lost. Times asked for never fall."""
        slot, known = slot_of(time), self._known
        while not known or known[-1] < slot:
            following = next(self._coming, None)
            if following is None:
                break
            known.append(following)
        while known and known[0] < slot:
            known.popleft()
        return bool(known) and known[0] == slot

    def first_lost(self, due: int, interval: int, before: int) -> int:
        """When the first of the packets that are sent at `due` and every `interval` after it is
        lost, if that is before `before`; else `before` (all nanoseconds)."""
        for slot in self._from(before):
            begins = slot * SLOT - _PHASE
            sent = due + max(0, -((due - begins) // interval)) * interval
            if sent >= before:
                return before
            if sent < begins + SLOT:
                return sent
        return before

    def _from(self, before: int) -> Iterator[int]:
        """The known slots, then those that are yet to be drawn, up to the one of `before`."""
        yield from self._known
        last = slot_of(before)
        while not self._known or self._known[-1] <= last:
            following = next(self._coming, None)
            if following is None:
                return
            self._known.append(following)
            yield following


def _lost_slots(seed: str, share: float) -> Iterator[int]:
    """Numbers of lost slots; the gaps between them are geometrically distributed."""
    if share <= 0:
        return
    random, slot = Random(seed), -1
    kept = log(1 - share) if share < 1 else None
    while True:
        slot += 1 if kept is None else 1 + int(log(1 - random.random()) / kept)
        yield slot


class Chance:
    """A number between 0 and 1 for every slot, drawn evenly, the same whenever it is asked for.

    It is SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    """

    def __init__(self, seed: str) -> None:
        self._key = Random(seed).getrandbits(64)

    def at(self, time: int) -> float:
        """The number of the slot of `time` (nanoseconds)."""
        z = (self._key + slot_of(time) * 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return (z ^ (z >> 31)) / 2**64
