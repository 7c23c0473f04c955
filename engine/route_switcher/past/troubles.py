"""A stretch of time in which a line was not well."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from route_switcher.core.vocabulary.uplinks import UplinkId


class Kind(Enum):
    """What was so."""

    NO_SERVICE = "no service"
    """Nothing came back, or the link was lost, and a rule has failed because of it."""
    POOR = "poor"
    """A rule has failed, and the line answered: losses, delay."""
    UNKNOWN = "not known"
    """Probes said nothing of the line, for a reason that lies on this machine."""


@dataclass(frozen=True, slots=True)
class Failing:
    """What one probe saw meanwhile: so many rounds failed, for this reason (of the latest)."""

    probe: str
    rounds: int
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """From `begins` to `ends` it was so with the line of `uplink`."""

    uplink: UplinkId
    kind: Kind
    begins: float
    ends: float
    reason: str
    """In words: the rule and its evidence, or what the link was."""
    seen_by: tuple[Failing, ...] = ()
    apart: str = ""
    """Why it does not count against the provider; empty: it does."""
    lasting: bool = False
    """It was still so at the end."""

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.ends - self.begins

    @property
    def counts(self) -> bool:
        """Whether the provider is to be asked about it: no service, for no reason of ours."""
        return self.kind is Kind.NO_SERVICE and not self.apart


Span = tuple[float, float]
"""From when to when."""


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """The times that at least one of them covers, in order."""
    whole: Span | None = None
    for begins, ends in sorted(spans):
        if whole is None or begins > whole[1]:
            if whole is not None:
                yield whole
            whole = (begins, ends)
        else:
            whole = (whole[0], max(whole[1], ends))
    if whole is not None:
        yield whole


def overlap(one: Span, others: Iterable[Span]) -> float:
    """Seconds of `one` that `others` cover; these do not overlap each other."""
    begins, ends = one
    return sum(max(0.0, min(ends, e) - max(begins, b)) for b, e in others)


def length(spans: Iterable[Span]) -> float:
    """Seconds that they cover."""
    return sum(ends - begins for begins, ends in merged(spans))
