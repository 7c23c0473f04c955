"""The choice of the active uplink of one family: a pure function of what is known now.

Selection goes by class: healthy before healthy but damped before recovering before failed, and
among those one that answers (slowly, or not to every probe) before one that is silent. The
current uplink stays unless an uplink of a better class is eligible; among healthy ones the order of
preference decides. An uplink of which nothing is known counts as healthy while it is the current
one: ignorance is no reason to leave. Otherwise it is better than a failed one: it is moved to when
the current one is failed, and it answers, or need not, since the current one has lost its link. In
that case, among equals, one whose latest round was good is better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.status import Override


@dataclass(frozen=True, slots=True)
class Candidate:
    """One uplink as the selection sees it.

    `eligible`: it can be moved to now: its link is connected, the kernel has not refused its
    route, and it answers now (or need not, since the current one has lost its link). `refused`: the
    kernel refused the route that it must be active by.
    """

    name: str
    state: UplinkState
    eligible: bool
    refused: bool = False
    damped: bool = False
    """Held back for having failed too often lately; it matters only while it is healthy."""
    silent: bool = False
    """No probe gets an answer through it; it matters only while it is failed."""
    answers: bool = True
    """Its latest round was good. Where it must answer to be eligible, it is."""
    ever_failed: bool = False
    """It has been failed; otherwise it recovers only because the engine does not know it yet."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The uplink that should be active, and why it should if it is not the current one."""

    name: str | None
    cause: Cause


_RANK = {
    UplinkState.HEALTHY: 5,
    UplinkState.RECOVERING: 3,
    UplinkState.UNKNOWN: 2,
    UplinkState.FAILED: 1,
}
_RANK_DAMPED = 4
_RANK_SILENT = 0
_RANK_REFUSED = -1
_RANK_GONE = -2

_CAUSES = {
    _RANK_GONE: Cause.REMOVED,
    _RANK_REFUSED: Cause.REFUSED,
    _RANK[UplinkState.RECOVERING]: Cause.BETTER,
    _RANK_DAMPED: Cause.STEADIER,
    _RANK[UplinkState.HEALTHY]: Cause.PREFERENCE,
}


def select(
    candidates: Sequence[Candidate], current: str | None, override: Override | None = None
) -> Choice:
    """Choose among `candidates`, which stand in order of preference.

    A `current` that is not among them has left the policy (or there was none).
    """
    by_name = {c.name: c for c in candidates}
    rank = _rank_of_current(by_name.get(current) if current is not None else None)
    if override is not None and _override_holds(by_name[override.uplink], current, override):
        return Choice(override.uplink, Cause.OPERATOR)
    movable = [c for c in candidates if c.eligible and c.name != current]
    first = max(movable, key=lambda c: (class_of(c), c.answers), default=None)
    if first is None or (best := class_of(first)) < rank:
        return Choice(current, Cause.PREFERENCE)
    if best > rank:
        return Choice(first.name, _cause(rank, first))
    preferred = best == _RANK[UplinkState.HEALTHY] and _precedes(candidates, first.name, current)
    return Choice(first.name if preferred else current, Cause.PREFERENCE)


def _rank_of_current(current: Candidate | None) -> int:
    if current is None:
        return _RANK_GONE
    if current.refused:
        return _RANK_REFUSED
    return _RANK[UplinkState.HEALTHY] if current.state is UplinkState.UNKNOWN else class_of(current)


def class_of(candidate: Candidate) -> int:
    """The class of an uplink; the better, the higher."""
    if candidate.damped and candidate.state is UplinkState.HEALTHY:
        return _RANK_DAMPED
    if candidate.silent and candidate.state is UplinkState.FAILED:
        return _RANK_SILENT
    return _RANK[candidate.state]


def _override_holds(ordered: Candidate, current: str | None, override: Override) -> bool:
    if ordered.refused:
        return False
    if override.force:
        return True
    if ordered.name == current:
        return ordered.state is not UplinkState.FAILED
    return ordered.eligible and ordered.state is UplinkState.HEALTHY


def _cause(rank: int, best: Candidate) -> Cause:
    if rank not in (_RANK_SILENT, _RANK[UplinkState.FAILED]):
        return _CAUSES[rank]
    again = best.state in (UplinkState.RECOVERING, UplinkState.FAILED) and best.ever_failed
    return Cause.FIRST_ANSWER if again else Cause.FAILOVER


def _precedes(candidates: Sequence[Candidate], name: str, other: str | None) -> bool:
    names = [c.name for c in candidates]
    return other is None or names.index(name) < names.index(other)
