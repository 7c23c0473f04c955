"""The account of a time: what happened, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.summary import Sums
from route_switcher.past.outages import Outage
from route_switcher.past.selections import Active, Move
from route_switcher.past.troubles import Kind, Span, Trouble, length, merged, overlap
from route_switcher.past.watch import Gap


@dataclass(frozen=True, slots=True)
class Account:
    """What happened from `since` to `until`. All lists are in order of time."""

    since: float
    until: float
    uplinks: tuple[UplinkId, ...]
    """In the order of the policy, those that have left it last."""
    troubles: tuple[Trouble, ...]
    outages: tuple[Outage, ...]
    actives: tuple[Active, ...]
    moves: tuple[Move, ...]
    gaps: tuple[Gap, ...]
    """When nobody watched."""
    absent: Mapping[UplinkId, tuple[Span, ...]] = field(default_factory=dict)
    """When the policy did not have an uplink."""
    sums: Mapping[tuple[UplinkId, str], Sums] = field(default_factory=dict)
    """What came of the rounds of each probe through each uplink (`figures`)."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.until - self.since

    @property
    def families(self) -> tuple[Family, ...]:
        """Those that had uplinks."""
        return tuple(f for f in Family if any(its.family is f for its in self.uplinks))

    def drill(self, at: float, family: Family) -> str | None:
        """Which part of a drill the move at `at` is: `begin` or `end`; None: of none."""
        parts = (m.drill for m in self.moves if (m.at, m.decision.family) == (at, family))
        part = next(parts, None)
        return None if part is None else part.name.lower()

    def label(self, uplink: UplinkId) -> str:
        """What a person calls it: with its family where there are several of that name."""
        several = sum(other.name == uplink.name for other in self.uplinks) > 1
        return f"{uplink.name} ({uplink.family})" if several else uplink.name

    def troubles_of(self, uplink: UplinkId, kind: Kind | None = None) -> list[Trouble]:
        """Those of its line, of one kind or of all."""
        return [t for t in self.troubles if t.uplink == uplink and (kind is None or t.kind is kind)]

    def without_service(self, uplink: UplinkId) -> float:
        """Seconds of the watched time without service that count against the provider."""
        unseen = self._unseen(uplink)
        spans = merged((t.begins, t.ends) for t in self.troubles_of(uplink) if t.counts)
        return sum(ends - begins - overlap((begins, ends), unseen) for begins, ends in spans)

    def watched(self, uplink: UplinkId) -> float:
        """Seconds in which it was known how its line was, or could have been: the policy had it,
        somebody watched, probes said something, and nothing was done to it here."""
        return self.seconds - length(self._unseen(uplink))

    def availability(self, uplink: UplinkId) -> float | None:
        """The share of the watched time with service; None: nobody watched."""
        watched = self.watched(uplink)
        return 1 - self.without_service(uplink) / watched if watched > 0 else None

    def active_seconds(self, uplink: UplinkId) -> float:
        """How long it was active while somebody watched."""
        gaps = list(merged(gap.span for gap in self.gaps))
        return sum(
            a.ends - a.begins - overlap((a.begins, a.ends), gaps)
            for a in self.actives
            if (a.uplink, a.family) == (uplink.name, uplink.family)
        )

    def meanwhile(self, trouble: Trouble) -> dict[UplinkId, tuple[float, float]]:
        """How the other lines of that family fared that the policy had then: seconds without
        service, and seconds of which nothing is known."""
        span = (trouble.begins, trouble.ends)
        found = {}
        for other in self.uplinks:
            absent = self.absent.get(other, ())
            here = overlap(span, absent) < trouble.seconds
            if other.family is trouble.uplink.family and other != trouble.uplink and here:
                dead, unknown = (
                    [(t.begins, t.ends) for t in self.troubles_of(other, kind)]
                    for kind in (Kind.NO_SERVICE, Kind.UNKNOWN)
                )
                found[other] = (
                    overlap(span, merged(dead)),
                    overlap(span, merged([*unknown, *absent])),
                )
        return found

    def _unseen(self, uplink: UplinkId) -> list[Span]:
        unknown = (t for t in self.troubles_of(uplink) if t.kind is Kind.UNKNOWN or t.apart)
        spans = [(t.begins, t.ends) for t in unknown]
        gaps = (gap.span for gap in self.gaps)
        return list(merged([*spans, *gaps, *self.absent.get(uplink, ())]))
