"""What an operator orders for an uplink, in each of its families."""

from collections.abc import Mapping
from dataclasses import replace

from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.status import Override
from route_switcher.core.vocabulary.uplinks import Family


def carry_out_order(
    event: Switch | Release, policy: Policy, selections: Mapping[Family, FamilySelection]
) -> list[Output]:
    """Take an order, or take it back. Each family may refuse it alone."""
    families = policy.families_of(event.uplink)
    if not families:
        return [Notice(event.at, Level.WARNING, f"there is no uplink {event.uplink}")]
    outputs: list[Output] = []
    for selection in map(selections.__getitem__, families):
        if isinstance(event, Switch):
            override = Override(event.uplink, event.until, event.force)
            if not event.kept_in:
                outputs += selection.set_override(event.at, override)
            elif selection.family in event.kept_in and selection.override is None:
                # Whoever has ordered something meanwhile means that.
                selection.override = replace(override, back_to=event.back_to)
        elif _is_meant(event, selection.override):
            selection.end_override()
        outputs += selection.decide(event.at)
    return outputs


def _is_meant(event: Release, order: Override | None) -> bool:
    return event.until is None or (
        order is not None and (order.uplink, order.until) == (event.uplink, event.until)
    )
