"""What follows when the kernel refuses a change: it is remembered, told once, and decided upon."""

from route_switcher.core.routing.remedies import hop_deletion
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.events import Refused, RefusedRule
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.routes import Change


def on_refused_route(event: Refused, selection: FamilySelection | None) -> list[Output]:
    """Take the refusal of a change of a route. `selection` is that of its family; None: the policy
    does not have the family any more."""
    if selection is None:
        return []
    route = event.action.route
    outputs: list[Output] = []
    if selection.admission.on_refusal(event.at, event.action, event.reason):
        text = f"refused by the kernel: {event.action.change.value} {route}: {event.reason}"
        if event.action.change is Change.DELETE and route.hops:
            text += f": {hop_deletion(route)}"
        outputs.append(Notice(event.at, Level.WARNING, text))
    return outputs + selection.decide(event.at)


def on_refused_rule(event: RefusedRule, selection: FamilySelection | None) -> list[Output]:
    """The same for a change of a routing rule."""
    if selection is None:
        return []
    outputs: list[Output] = []
    if selection.admission.rule_refusals.add(event.at, event.action, event.reason):
        text = f"refused by the kernel: {event.action.words}: {event.reason}"
        if not selection.plan().rules:
            text += ". The traffic goes by the main table until the kernel takes it"
        outputs.append(Notice(event.at, Level.WARNING, text))
    return outputs + selection.decide(event.at)
