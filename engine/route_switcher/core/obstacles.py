"""What in the routing table would silently cancel failover, though every route of ours is right."""

from collections.abc import Iterable, Sequence

from route_switcher.core.decisions import Level, Notice, Output
from route_switcher.core.model import Uplink
from route_switcher.core.routes import Route, RouteKind, protocol_name


def obstacles(
    uplinks: Iterable[Uplink], seen: Iterable[Route], active: Route | None = None
) -> tuple[Route, ...]:
    """The foreign default routes that the kernel would take before, or between, ours.

    `uplinks` are those of one family. `active` is the route that carries the traffic: it may stand
    demoted, and then what is before it is in the way, unless it leads the same way.
    """
    uplinks = tuple(uplinks)
    family = uplinks[0].family
    return tuple(
        route
        for route in seen
        if not route.ours
        and route.family is family
        and (route.metric <= _reach(route, uplinks) or _precedes(route, active))
    )


def _precedes(route: Route, active: Route | None) -> bool:
    if active is None or route.metric > active.metric:
        return False
    return (route.interface, route.gateway) != (active.interface, active.gateway)


def describe_obstacle(route: Route, uplinks: Iterable[Uplink]) -> str:
    """One line: which route, what it does to failover, and the remedy."""
    uplinks = tuple(uplinks)
    effect = "traffic takes it whatever this engine decides"
    if route.kind is not RouteKind.UNICAST:
        effect = "traffic stops at it"
        if route.metric > max(u.metric for u in uplinks):
            effect = "probes of a demoted uplink stop at it, so that a failed one never recovers"
    return (
        f"foreign route in the way: {route} proto {protocol_name(route.protocol)}: {effect}. "
        f"Give it a metric above {_reach(route, uplinks)} where it is set (DHCP client, "
        f"NetworkManager, interfaces file), or delete it: {deletion(route)}"
    )


def deletion(route: Route) -> str:
    """The command that deletes `route` and no other."""
    version = "-6 " if route.family.value == 6 else ""
    # With the protocol: in a deletion, iproute2 and the kernel take metric 0 for any.
    return f"ip {version}route del {route} proto {protocol_name(route.protocol)}"


def _reach(route: Route, uplinks: Iterable[Uplink]) -> int:
    """The largest metric at which `route` is in the way.

    A way out matters up to the largest metric at which an uplink of ours can be active. What stops
    packets also stops those that are bound to an interface whose route stands behind it: the probes
    of a demoted uplink.
    """
    if route.kind is RouteKind.UNICAST:
        return max(uplink.metric for uplink in uplinks)
    return max(uplink.demoted_metric for uplink in uplinks)


class Obstacles:
    """Remembers the obstacles of one family, and says which come and go."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: tuple[Route, ...] = ()

    def news(
        self, at: float, uplinks: Sequence[Uplink], routes: Iterable[Route], active: Route | None
    ) -> list[Output]:
        """What has changed with the `routes` that are there now."""
        before, self._found = self._found, obstacles(uplinks, routes, active)
        come = [
            Notice(at, Level.WARNING, describe_obstacle(route, uplinks))
            for route in self._found
            if route not in before
        ]
        gone = [
            Notice(at, Level.INFO, f"foreign route out of the way: {route}")
            for route in before
            if route not in self._found
        ]
        return [*come, *gone]
