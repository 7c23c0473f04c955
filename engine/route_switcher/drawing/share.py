"""In how much of every piece of a time something was so."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

PIECES = 960


class Share:
    """In how much of every piece something was so: shares from 0 to 1."""

    def __init__(self, seconds: float) -> None:
        self._seconds = array("d", [0.0]) * PIECES
        self._piece = seconds / PIECES

    def add(self, begins: float, ends: float) -> None:
        """It was so from `begins` to `ends`."""
        first = min(PIECES - 1, int(begins / self._piece))
        last = min(PIECES - 1, int(ends / self._piece))
        for number in range(first, last + 1):
            piece_ends = (number + 1) * self._piece if number < last else ends
            piece_begins = number * self._piece if number > first else begins
            self._seconds[number] += piece_ends - piece_begins

    def of(self, columns: int) -> list[float]:
        """The shares of that many columns (at most `PIECES`) of equal width, from left to right."""
        edges = [number * PIECES // columns for number in range(columns + 1)]
        return [
            min(1.0, sum(self._seconds[left:right]) / (self._piece * (right - left)))
            for left, right in pairwise(edges)
        ]


@dataclass(frozen=True, slots=True)
class Track:
    """One uplink: how its line was, and when it was active."""

    dead: Share
    brown: Share
    active: Share

    @classmethod
    def over(cls, seconds: float) -> "Track":
        """A track of so many seconds, on which nothing is yet."""
        return cls(Share(seconds), Share(seconds), Share(seconds))


@dataclass(frozen=True, slots=True)
class Shares:
    """All uplinks by their names, and the outages that users of each family saw."""

    seconds: float
    tracks: Mapping[str, Track]
    outages: Mapping[str, Share]
