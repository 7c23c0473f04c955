"""What a hook is told of a switch."""

from collections.abc import Iterable

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.hooks import HookKind
from route_switcher.core.vocabulary.moments import HookUplink, Moment
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.uplinks import Address, Family, family_of


def hook_uplink(health: UplinkHealth) -> HookUplink:
    """The uplink as it is now."""
    hop = health.next_hop
    source = None if hop is None else hop.source
    addresses = in_order(health.link.addresses, health.uplink.family, source)
    return HookUplink(health.uplink, hop, health.state, addresses)


def in_order(
    addresses: Iterable[Address], family: Family, source: Address | None
) -> tuple[Address, ...]:
    """Those of the family: first the one that packets are sent from, then by number."""
    own = (each for each in addresses if family_of(each) is family)
    return tuple(sorted(own, key=lambda each: (each != source, int(each))))


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
