"""What a drill came to, as JSON has it: `schemas/drill.schema.json` describes it."""

from collections.abc import Iterable
from math import inf

from route_switcher.control.drill_record import DrillRecord, FamilyRecord, Move, Tally
from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.status import FamilyStatus, Status
from route_switcher.core.vocabulary.uplinks import UplinkId

VERSION = 1
"""Of the document. A later one may have more keys; whatever else changes is another version."""

_WORST_FIRST = (
    "did-not-hold",
    "went-astray",
    "replaced",
    "policy-changed",
    "not-returned",
    "released",
    "returned",
)
"""What may become of a drill; the worst family counts."""


def drill_document(
    record: DrillRecord, status: Status, clock: WallClock, uplinks: Iterable[UplinkId]
) -> dict[str, object]:
    """All that is known of it. Times are local, durations seconds."""
    known = {each.family: each for each in status.families}
    families = [
        _family(its, known[family], clock)
        for family, its in record.families.items()
        if family in known
    ]
    over = record.is_over(status)
    outcomes = {str(family["outcome"]) for family in families}
    worst = next((each for each in _WORST_FIRST if each in outcomes), "policy-changed")
    stands = record.ended == inf
    return {
        "version": VERSION,
        "time": clock.stamp(status.at),
        "id": record.id,
        "uplink": record.uplink,
        "began": clock.stamp(record.began),
        "until": clock.stamp(record.until),
        "left_seconds": _seconds(clock.left(record.until)) if stands else 0.0,
        "over": over,
        "outcome": worst if over else "running",
        "restarted": record.restarted,
        "families": families,
        "uplinks": [_uplink(its, record.tallies.get(its, Tally())) for its in uplinks],
        "notes": [{"time": clock.stamp(at), "text": text} for at, text in record.notes],
    }


def _family(its: FamilyRecord, known: FamilyStatus, clock: WallClock) -> dict[str, object]:
    return {
        "family": str(its.family),
        "from": its.back_to,
        "outcome": _outcome(its),
        "active": known.active,
        "there": _move(its.there, clock),
        "asked": its.asked,
        "astray": its.astray,
        "back": _move(its.back, clock),
        "longest_gap_seconds": _seconds(its.longest),
        "why_not_back": "" if known.active == its.back_to else _why_not_back(its, known),
    }


def _outcome(its: FamilyRecord) -> str:
    if its.left_by == "did-not-hold":
        return its.left_by
    if its.astray:
        return "went-astray"
    if its.left_by in ("replaced", "policy-changed"):
        return its.left_by
    if its.left_for != its.back_to:
        return "not-returned"
    return "released" if its.left_by == "released" else "returned"


def _why_not_back(its: FamilyRecord, known: FamilyStatus) -> str:
    for uplink in known.uplinks:
        if uplink.health.uplink.name == its.back_to:
            healthy = uplink.health.state is UplinkState.HEALTHY
            if healthy and known.override is None and known.active is not None:
                return f"{known.active} is preferred to {its.back_to}, and has it now"
            return uplink.health.evidence
    return f"{its.back_to} has left the policy"


def _move(move: Move, clock: WallClock) -> dict[str, object] | None:
    if move.decided == inf:
        return None
    return {
        "at": clock.stamp(move.decided),
        "seconds": _seconds(move.routed - move.decided) if move.routed < inf else None,
        "outage_seconds": _seconds(move.outage),
    }


def _uplink(its: UplinkId, tally: Tally) -> dict[str, object]:
    return {
        "name": its.name,
        "family": str(its.family),
        "rounds": tally.rounds,
        "lost": tally.lost,
        "mean_seconds": _seconds(tally.sum / tally.answers) if tally.answers else None,
        "longest_seconds": _seconds(tally.longest) if tally.answers else None,
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
