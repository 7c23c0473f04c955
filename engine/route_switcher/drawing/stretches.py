"""Stretches of time in which one thing was so, taken as time goes on.

A page shows each of them in a list, up to a limit, and all of them as bars. Stretches that would
lie on one pixel are one bar, so that a page of a month is small.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LISTED = 1000
"""How many stretches of one kind a list names."""

_BARS = 480
"""Stretches that are nearer to each other than this part of the whole are one bar."""


@dataclass(slots=True)
class Stretch:
    """It was so from `begins` to `ends`, in seconds."""

    begins: float
    ends: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.ends - self.begins


@dataclass(slots=True)
class Run:
    """Stretches that are drawn as one bar: `count` of them from number `first` on (from 0), with
    `seconds` in all."""

    begins: float
    ends: float
    first: int
    count: int
    seconds: float


class Stretches:
    """All stretches of one kind within a time of so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._gap = seconds / _BARS
        self.runs: list[Run] = []
        self.first: list[Stretch] = []
        """The first `LISTED`."""
        self.count = 0
        self.seconds = 0.0

    def add(self, begins: float, ends: float) -> bool:
        """It was so from `begins` to `ends`, which is not before what was added. Where it was so
        just before, that goes on. Whether a new stretch began."""
        run = self.runs[-1] if self.runs else None
        begun = run is None or begins > run.ends
        if begun and len(self.first) < LISTED:
            self.first.append(Stretch(begins, ends))
        elif not begun and self.count <= LISTED:
            self.first[-1].ends = ends
        self.seconds += ends - begins
        if run is None or begins - run.ends >= self._gap:
            self.runs.append(Run(begins, ends, self.count, 1, ends - begins))
        else:
            run.ends = ends
            run.count += begun
            run.seconds += ends - begins
        self.count += begun
        return begun


def runs(stretches: Iterable[Stretch], seconds: float) -> list[Run]:
    """The bars of stretches within so many seconds. They come in the order of their begins, and
    each counts as one, though it follows another at once."""
    found: list[Run] = []
    for number, one in enumerate(stretches):
        if found and one.begins - found[-1].ends < seconds / _BARS:
            run = found[-1]
            run.ends = max(run.ends, one.ends)
            run.count += 1
            run.seconds += one.seconds
        else:
            found.append(Run(one.begins, one.ends, number, 1, one.seconds))
    return found
