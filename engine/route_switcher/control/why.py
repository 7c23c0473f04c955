"""Why an uplink is active, or is not, and what would change that: as sentences."""

from collections.abc import Iterator
from math import inf

from route_switcher.control.roles import order_holds
from route_switcher.control.waits import waits_of
from route_switcher.control.wall_clock import WallClock
from route_switcher.core.messages import describe_move
from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.status import FamilyStatus, UplinkStatus
from route_switcher.text.durations import span


def why(family: FamilyStatus, name: str | None, clock: WallClock) -> list[str]:
    """Paragraphs about one uplink of a family, by its name; None: about the active one first,
    then about each of the others. An uplink that the family does not have has none."""
    asked = [u for u in family.uplinks if name in (None, u.health.uplink.name)]
    found = [u for u in asked if not u.health.dormant]
    found.sort(key=lambda uplink: not _is_active(family, uplink))
    paragraphs = [
        " ".join(
            _why_active(family, uplink, clock)
            if _is_active(family, uplink)
            else _why_not(family, uplink, clock)
        )
        for uplink in found
    ]
    paragraphs += [
        f"{u.health.uplink.name} has never had a next hop in this family, so it is in no selection."
        for u in asked
        if u.health.dormant
    ]
    if found and family.active is None:
        paragraphs.insert(0, " ".join(_why_nobody(family, clock)))
    return [f"{family.family}: {paragraph}" for paragraph in paragraphs]


def _is_active(family: FamilyStatus, uplink: UplinkStatus) -> bool:
    return uplink.health.uplink.name == family.active


def _why_nobody(family: FamilyStatus, clock: WallClock) -> Iterator[str]:
    if family.departing is not None:
        yield f"{family.departing} has left the policy. It carries the traffic until another can."
    else:
        yield "no uplink has been selected yet."
    if family.refusing:
        yield "All traffic of this family is refused until an uplink answers."
    yield from _awaited(family, clock)


def _why_active(family: FamilyStatus, uplink: UplinkStatus, clock: WallClock) -> Iterator[str]:
    name, health, decision = family.active, uplink.health, family.decision
    assert decision is not None
    yield f"{name} is active since {_moment(family.since, clock)}: {describe_move(decision)}."
    if decision.previous is not None:
        yield f"Before it, {decision.previous} was active. The states at that time:"
    if decision.evidence and decision.cause is not Cause.RESTART:
        yield "; ".join(decision.evidence) + "."
    order = family.override
    if order is not None and order_holds(family):
        kind = "a forced order" if order.force else "an order"
        yield f"It stays active by {kind}{_until(order.until, clock)}."
    if health.state is not UplinkState.HEALTHY:
        yield f"Now {health.evidence}."
        yield from _needs(uplink, clock)
    yield from _awaited(family, clock)
    if family.refusing:
        yield "No uplink answers, so the kernel refuses all traffic of this family until one does."
    if family.astray:
        yield f"But the kernel sends traffic another way: {family.astray}."
    if family.conflicts:
        routes = "; ".join(map(str, family.conflicts))
        yield f"A foreign route comes before ours, so traffic can go another way: {routes}."
    if not family.awaited and not order_holds(family):
        yield _what_ends_it(family, uplink)


def _what_ends_it(family: FamilyStatus, uplink: UplinkStatus) -> str:
    name = uplink.health.uplink.name
    better = [
        u.health.uplink.name
        for u in family.uplinks[: family.uplinks.index(uplink)]
        if u.health.state is not UplinkState.HEALTHY
    ]
    if len(family.uplinks) == 1:
        return "It is the only uplink, so nothing can take its place."
    back = f", or when {' or '.join(better)} is healthy again" if better else ""
    if better and family.returns_by_order:
        back = ", or by `route-switcher release` (`fail_back` is manual)"
    return f"Traffic leaves {name} when that fails and another uplink answers{back}."


def _why_not(family: FamilyStatus, uplink: UplinkStatus, clock: WallClock) -> Iterator[str]:
    name, health = uplink.health.uplink.name, uplink.health
    order = family.override
    if order is not None and order.uplink == name:
        yield f"{name} is ordered{_until(order.until, clock)}, but is not active now."
    else:
        yield f"{name} is not active."
    if order is not None and order_holds(family):
        kind = "A forced order" if order.force else "An order"
        yield f"{kind} keeps the traffic on {order.uplink}{_until(order.until, clock)}."
    if health.state is UplinkState.HEALTHY:
        yield "It is healthy."
        if health.broken:
            yield f"But its latest rounds say: {health.broken}."
        yield from _why_not_though_healthy(family, uplink)
    elif health.state is UplinkState.UNKNOWN:
        yield f"Nothing is known of it: {health.last_reason}."
    else:
        yield f"{health.evidence}."
    if uplink.unfit:
        yield f"Traffic cannot go there now: {uplink.unfit}."
    yield from _needs(uplink, clock)
    yield from _what_begins_it(family, uplink)


def _why_not_though_healthy(family: FamilyStatus, uplink: UplinkStatus) -> Iterator[str]:
    names = [u.health.uplink.name for u in family.uplinks]
    name, active = uplink.health.uplink.name, family.active
    if active is None or order_holds(family):
        return
    if names.index(active) < names.index(name):
        yield f"{active} comes first in the policy, and carries the traffic."
    elif family.awaited:
        yield f"{family.awaited}."


def _what_begins_it(family: FamilyStatus, uplink: UplinkStatus) -> Iterator[str]:
    name, active = uplink.health.uplink.name, family.active
    if active is None:
        return
    if order_holds(family):
        yield "`route-switcher release` ends the order."
        return
    names = [u.health.uplink.name for u in family.uplinks]
    if names.index(active) < names.index(name):
        if uplink.health.state is UplinkState.HEALTHY:
            yield f"{name} takes over when {active} fails, or by `route-switcher switch {name}`."
        else:
            yield f"{name} takes over if {active} fails and {name} answers then."
    elif "route-switcher release" in family.awaited and uplink.health.state is UplinkState.HEALTHY:
        yield f"Without an order traffic returns only if {active} fails."
    elif family.returns_by_order:
        yield f"Traffic returns to {name} by `route-switcher release`, or if {active} fails."
    elif uplink.health.state is not UplinkState.HEALTHY:
        yield f"Traffic returns to {name} once it is healthy, or sooner if {active} fails."


def _needs(uplink: UplinkStatus, clock: WallClock) -> Iterator[str]:
    waits = tuple(waits_of(uplink, clock))
    for wait in waits:
        if wait.kind in ("link", "next-hop"):
            if wait.text != uplink.unfit:
                yield f"Traffic cannot go there now: {wait.text}."
        elif wait.rule is None:
            yield f"{wait.text[0].upper()}{wait.text[1:]}."
    rules = [wait.text for wait in waits if wait.rule is not None]
    if rules:
        yield f"It waits for: {'; '.join(rules)}."


def _awaited(family: FamilyStatus, clock: WallClock) -> Iterator[str]:
    if not family.awaited:
        return
    left = clock.left(family.awaited_until)
    more = "" if left is None else f" ({span(round(left))} more)"
    yield f"What comes next: {family.awaited}{more}."


def _moment(at: float, clock: WallClock) -> str:
    ago = clock.ago(at)
    return clock.hour(at) if ago is None else f"{clock.hour(at)} ({span(round(ago))} ago)"


def _until(until: float, clock: WallClock) -> str:
    left = clock.left(until)
    if left is None or until == inf:
        return " until it is released"
    return f" until {clock.hour(until)} ({span(round(left))} more)"
