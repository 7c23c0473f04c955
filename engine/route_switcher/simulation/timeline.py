"""What happened when, as pictures need it: the time cut into a fixed number of pieces."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.simulation.network import LineCondition

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
    """One uplink."""

    dead: Share
    brown: Share
    active: Share


class Timeline:
    """The tracks of all uplinks, and the outages that users of each family saw.

    Times are seconds since the start.
    """

    def __init__(self, uplinks: Sequence[str], families: Sequence[Family], seconds: float) -> None:
        self.seconds = seconds
        self.tracks = {
            name: Track(Share(seconds), Share(seconds), Share(seconds)) for name in uplinks
        }
        self.outages = {family: Share(seconds) for family in families}

    def add(
        self,
        begins: float,
        ends: float,
        conditions: Mapping[str, LineCondition],
        active: Mapping[Family, str | None],
        outages: Mapping[Family, float | None],
    ) -> None:
        """From `begins` to `ends` the lines were so, these uplinks were active, and `outages` has
        for every family since when there was one, if there was."""
        for share in self._concerned(conditions, active, outages):
            share.add(begins, ends)

    def _concerned(
        self,
        conditions: Mapping[str, LineCondition],
        active: Mapping[Family, str | None],
        outages: Mapping[Family, float | None],
    ) -> Iterator[Share]:
        for name, condition in conditions.items():
            if condition is LineCondition.DEAD:
                yield self.tracks[name].dead
            elif condition is LineCondition.BROWN:
                yield self.tracks[name].brown
        for selected in active.values():
            if selected is not None:
                yield self.tracks[selected].active
        for family, since in outages.items():
            if since is not None:
                yield self.outages[family]
