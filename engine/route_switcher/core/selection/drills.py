"""An operator's drill: the traffic goes to another uplink for a time, in all of its families or in
none, and comes back."""

from collections.abc import Iterable, Iterator, Mapping

from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.orders import Drill
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.status import Override
from route_switcher.core.vocabulary.uplinks import Family, UplinkId


def begin_drill(
    event: Drill, policy: Policy, selections: Mapping[Family, FamilySelection]
) -> list[Output]:
    """Move the traffic, unless something is against it: then nothing changes, and it is said."""
    its = [
        selection
        for selection in map(selections.__getitem__, policy.families_of(event.uplink))
        if any(health.uplink.name == event.uplink for health in selection.candidates)
    ]
    against = list(_against(event, its))
    if against:
        text = f"drill of {event.uplink} refused: {'; '.join(against)}"
        return [Notice(event.at, Level.WARNING, text)]
    outputs: list[Output] = []
    for selection in its:
        if selection.current != event.uplink:
            order = Override(event.uplink, event.until, back_to=selection.current)
            selection.override = order
            outputs += selection.decide(event.at)
            # What it answered while it stood by may be long ago.
            outputs.append(ProbeNow(event.at, UplinkId(event.uplink, selection.family)))
    return outputs


def _against(event: Drill, selections: Iterable[FamilySelection]) -> Iterator[str]:
    """What is against it, in words."""
    its = list(selections)
    if not its:
        yield "there is no such uplink, or it has never had a next hop"
    for selection in its:
        order = selection.override
        if order is not None:
            yield (
                f"{selection.family}: an order for {order.uplink} stands already;"
                " `route-switcher release` ends it"
            )
        elif not selection.settled:
            yield f"{selection.family}: no uplink is active yet"
        elif selection.current is None:
            yield f"{selection.family}: the active uplink has left the policy"
        elif selection.current != event.uplink:
            yield from _unfit(event, selection)
    free = all(selection.override is None for selection in its)
    if its and free and all(selection.current == event.uplink for selection in its):
        yield f"it is active already{_other_way(event, its)}"


def _unfit(event: Drill, selection: FamilySelection) -> Iterator[str]:
    health = next(h for h in selection.candidates if h.uplink.name == event.uplink)
    why_not = selection.eligibility(event.at).why_not(health)
    if health.state is not UplinkState.HEALTHY:
        yield health.evidence()
    elif why_not:
        yield f"traffic cannot be moved to {health.label} now: {why_not}"


def _other_way(event: Drill, selections: Iterable[FamilySelection]) -> str:
    """What may be drilled instead: the most preferred of the others that could take over."""
    for selection in selections:
        eligibility = selection.eligibility(event.at)
        for health in selection.candidates:
            name, healthy = health.uplink.name, health.state is UplinkState.HEALTHY
            if name != event.uplink and healthy and not eligibility.why_not(health):
                return f"; the other way is `route-switcher drill {name}`"
    return "; no other uplink could take over now"
