"""What a hook is told of a switch."""

from collections.abc import Iterable

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.hooks import HookKind
from route_switcher.core.vocabulary.moments import HookUplink, Moment
from route_switcher.core.vocabulary.outputs import Decision


def hook_uplink(health: UplinkHealth) -> HookUplink:
    """The uplink as it is now."""
    return HookUplink(health.uplink, health.next_hop, health.state)


def moment_of(
    decision: Decision, healths: Iterable[UplinkHealth], before: HookUplink | None
) -> Moment:
    """The moment of a selection; `before` is the uplink selected before it, if it has left."""
    by_name = {health.uplink.name: health for health in healths}
    left = by_name.get(decision.previous) if decision.previous is not None else None
    previous = before if decision.previous is not None else None
    return Moment(
        at=decision.at,
        kind=HookKind.ON_SWITCH,
        family=decision.family,
        uplink=hook_uplink(by_name[decision.selected]),
        previous=previous if left is None else hook_uplink(left),
        cause=decision.cause,
        rules=decision.rules,
        evidence=decision.evidence,
        since=decision.since,
    )
