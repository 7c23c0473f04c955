"""The plan: the standing routes that the kernel should have, computed from the selection.

Every uplink has one standing route, at its own metric or demoted, so that its probes can always
leave through it. The active uplink stands at its own metric. Whatever has a lower metric than the
active one stands demoted, whatever its health; of those behind it, the failed ones are demoted. So
the kernel takes the active uplink, and has the next best right behind it.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from route_switcher.core.health import UplinkState
from route_switcher.core.model import DEMOTION, Family, Uplink
from route_switcher.core.routes import Route


@dataclass(frozen=True, slots=True)
class Wanted:
    """One route that should be there. `possible` is false while the kernel cannot take it."""

    route: Route
    reason: str
    possible: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """The routes of one family. `active` is the route that must be there before any may go."""

    family: Family
    active: Route | None
    routes: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the plan needs to know of one uplink."""

    uplink: Uplink
    state: UplinkState
    routable: bool


def standing_route(uplink: Uplink, demotions: int = 0) -> Route:
    """The standing route of `uplink` at its own metric, or at that many demotions above it."""
    metric = uplink.metric + demotions * DEMOTION
    return Route(uplink.family, uplink.interface, uplink.gateway, metric)


def standing_routes(uplink: Uplink) -> tuple[Route, ...]:
    """The route at the uplink's own metric, the demoted one, and the one if that is refused."""
    return tuple(standing_route(uplink, demotions) for demotions in range(3))


def make_plan(
    family: Family, uplinks: Sequence[Standing], active: Uplink | None, refused: Set[Route]
) -> Plan:
    """Plan the standing routes of `uplinks`; before the first selection `active` is None.

    An `active` that is not among `uplinks` has left the policy and still carries the traffic: its
    route is kept if it is there. A route in `refused` is not asked for again; another of that
    uplink is, where that is safe.
    """
    wanted = []
    active_route = None
    if active is not None and all(s.uplink != active for s in uplinks):
        active_route = standing_route(active)
        reason = f"{active.name} is active until another answers"
        wanted.append(Wanted(active_route, reason, possible=False))
    for standing in uplinks:
        choices = _choices(standing, active)
        route, reason = next((c for c in choices if c[0] not in refused), choices[0])
        if standing.uplink == active:
            active_route = route
        possible = standing.routable and route not in refused
        wanted.append(Wanted(route, f"{standing.uplink.name} {reason}", possible))
    return Plan(family, active_route, tuple(wanted))


def _choices(standing: Standing, active: Uplink | None) -> list[tuple[Route, str]]:
    """The routes that would do for an uplink, best first, each with its reason."""
    uplink = standing.uplink
    own, demoted, further = standing_routes(uplink)

    def demotion(reason: str) -> list[tuple[Route, str]]:
        return [(demoted, reason), (further, f"{reason}, and metric {demoted.metric} was refused")]

    if active is None:
        return demotion("stands demoted until the first selection")
    if uplink == active:
        return [(own, "is active"), *demotion("is active, and its own metric was refused")]
    if uplink.metric <= active.metric:
        return demotion(f"stands demoted: {active.name} is active")
    behind = (own, "stands behind the active uplink")
    if standing.state is UplinkState.FAILED:
        return demotion("stands demoted: it failed")
    return [behind, *demotion("stands demoted: its own metric was refused")]
