"""What happened when, as pictures need it: shares for a terminal, stretches for a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.drawing.share import Share, Shares, Track
from route_switcher.drawing.stretches import Stretches
from route_switcher.simulation.network import LineCondition


@dataclass(frozen=True, slots=True)
class Course:
    """One uplink: when its line was dead or in a brown-out, and when it was active."""

    dead: Stretches
    brown: Stretches
    active: Stretches


class Timeline:
    """What was so of all uplinks, and the outages that users of each family saw.

    Times are seconds since the start.
    """

    def __init__(self, uplinks: Sequence[str], families: Sequence[Family], seconds: float) -> None:
        self.shares = Shares(
            seconds,
            {name: Track.over(seconds) for name in uplinks},
            {str(family): Share(seconds) for family in families},
        )
        self.courses = {
            name: Course(Stretches(seconds), Stretches(seconds), Stretches(seconds))
            for name in uplinks
        }
        self.seen = {family: Stretches(seconds) for family in families}

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
        for part in self._concerned(conditions, active, outages):
            part.add(begins, ends)

    def _concerned(
        self,
        conditions: Mapping[str, LineCondition],
        active: Mapping[Family, str | None],
        outages: Mapping[Family, float | None],
    ) -> Iterator[Share | Stretches]:
        for name, condition in conditions.items():
            track, course = self.shares.tracks[name], self.courses[name]
            if condition is LineCondition.DEAD:
                yield from (track.dead, course.dead)
            elif condition is LineCondition.BROWN:
                yield from (track.brown, course.brown)
        for selected in active.values():
            if selected is not None:
                yield from (self.shares.tracks[selected].active, self.courses[selected].active)
        for family, since in outages.items():
            if since is not None:
                yield from (self.shares.outages[str(family)], self.seen[family])
