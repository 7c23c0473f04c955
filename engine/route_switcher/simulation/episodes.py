"""Stretches of time in which something is wrong, and courses of them: written, or drawn at random.

A course can be read again and again, and says the same every time; nobody keeps it in memory.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from math import inf
from random import Random
from typing import TypeAlias

LOOK_BACK = 120.0
"""Seconds that a `EpisodeReader` may be asked about before the latest time it was asked about."""

MILDEST, WORST = 0.5, 1.5
"""Between these lie the severities that are drawn at random."""

_SHORTEST = 0.001


@dataclass(frozen=True, slots=True)
class Episode:
    """From `begins` to before `ends`, in seconds; `severity` tells bad ones from worse ones."""

    begins: float
    ends: float
    severity: float = 1.0

    def covers(self, time: float) -> bool:
        """Whether it holds at `time`."""
        return self.begins <= time < self.ends


Episodes: TypeAlias = Iterable[Episode]
"""Stretches in order of time, no two of which overlap."""


@dataclass(frozen=True, slots=True)
class RandomEpisodes:
    """Stretches that begin at random (a Poisson process): `rate` a second, of which each lasts
    `mean` seconds on average (exponentially distributed). Their severity is between 0.5 and 1.5.

    `seed` says which ones. Times are whole milliseconds.
    """

    seed: str
    rate: float
    mean: float

    def __iter__(self) -> Iterator[Episode]:
        random, time = Random(self.seed), 0.0
        while self.rate > 0:
            begins = _milliseconds(time + random.expovariate(self.rate))
            length = max(_SHORTEST, random.expovariate(1 / self.mean))
            time = _milliseconds(begins + length)
            yield Episode(begins, time, random.uniform(MILDEST, WORST))


@dataclass(frozen=True, slots=True)
class Flapping:
    """Every stretch of `series` as many short ones: down for `down` seconds on average, then up for
    `up` seconds on average, until it ends."""

    seed: str
    series: Episodes
    down: float
    up: float

    def __iter__(self) -> Iterator[Episode]:
        random = Random(self.seed)
        for whole in self.series:
            time = whole.begins
            while time < whole.ends:
                length = max(_SHORTEST, random.expovariate(1 / self.down))
                ends = min(whole.ends, _milliseconds(time + length))
                yield Episode(time, ends, whole.severity)
                time = _milliseconds(ends + max(_SHORTEST, random.expovariate(1 / self.up)))


@dataclass(frozen=True, slots=True)
class Union:
    """The times that at least one of several courses covers."""

    parts: tuple[Episodes, ...]

    def __iter__(self) -> Iterator[Episode]:
        whole: Episode | None = None
        for episode in merge(*self.parts, key=lambda s: s.begins):
            if whole is None or episode.begins > whole.ends:
                if whole is not None:
                    yield whole
                whole = episode
            else:
                severity = max(whole.severity, episode.severity)
                whole = Episode(whole.begins, max(whole.ends, episode.ends), severity)
        if whole is not None:
            yield whole


class EpisodeReader:
    """Reads a course as time goes on, and forgets what is long past."""

    def __init__(self, episodes: Episodes) -> None:
        self._coming = iter(episodes)
        self._known: deque[Episode] = deque()
        self._read_to = -inf
        self._latest: Episode | None = None
        self._since = self._until = -inf
        """From when until when `_latest` is what there is."""

    def at(self, time: float) -> Episode | None:
        """The stretch that covers `time`; None if none does."""
        if not self._since <= time < self._until:
            self._since, self._until = time, self.next_change(time)
            self._latest = next((s for s in self._known if s.covers(time)), None)
        return self._latest

    def next_change(self, after: float) -> float:
        """When the next stretch after `after` begins or ends; inf: never."""
        self._read(after)
        return min(
            (t for s in self._known for t in (s.begins, s.ends) if t > after),
            default=inf,
        )

    def _read(self, time: float) -> None:
        """Know every stretch about `time`, and one that begins after it."""
        while self._known and self._known[0].ends < time - LOOK_BACK:
            self._known.popleft()
        while self._read_to <= time:
            episode = next(self._coming, None)
            if episode is None:
                self._read_to = inf
                return
            self._read_to = episode.begins
            if episode.ends >= time - LOOK_BACK:
                self._known.append(episode)


def _milliseconds(time: float) -> float:
    return round(time, 3)
