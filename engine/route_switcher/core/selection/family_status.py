"""What is known of the selection of one family, read from it as a value."""

from math import inf

from route_switcher.core.health.health_status import health_status
from route_switcher.core.selection.eligibility import Eligibility
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.selection.select import select
from route_switcher.core.vocabulary.status import FamilyStatus, UplinkStatus


def family_status(selection: FamilySelection, at: float) -> FamilyStatus:
    """The status at `at`. Nothing changes by it."""
    eligibility = selection.eligibility(at)
    admission, departing = selection.admission, selection.departing
    awaited, until = _awaited(selection, eligibility)
    return FamilyStatus(
        family=selection.family,
        active=selection.current,
        departing=departing.uplink.name if departing is not None else None,
        decision=selection.decision,
        override=selection.override,
        awaited=awaited,
        awaited_until=until,
        uplinks=tuple(
            UplinkStatus(
                health=health_status(health, at),
                unfit=""
                if health.uplink.name == selection.current
                else eligibility.why_not(health),
                other_family="; ".join(h.evidence() for h in selection.worse_beside(health)),
                proving_until=admission.proving_until(health, at),
                refused=admission.refusals.of(admission.standing(health)),
            )
            for health in selection.healths
        ),
        undeletable=admission.refusals.undeletable,
        conflicts=selection.conflicts.all,
        astray=selection.astray,
        refusing=selection.refusing,
        returns_by_order=selection.limiter.manual,
    )


def _awaited(selection: FamilySelection, eligibility: Eligibility) -> tuple[str, float]:
    """What the next move waits for, in words, and until when."""
    if not selection.settled:
        return "the first answers", selection.first.wake
    healths = selection.candidates
    candidates = selection.weigh(eligibility)
    choice = select(candidates, selection.current, selection.override_of(healths))
    if choice.name is not None and choice.name != selection.current:
        returning = selection.returning(choice.name, choice.cause)
        until, reason = selection.limiter.held(returning=returning)
        return f"{choice.name} could take over: {reason}", until
    if selection.current is None or eligibility.since > -inf:
        return "another uplink that answers", inf
    return "", inf
