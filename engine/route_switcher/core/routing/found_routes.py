"""What the default routes tell that were there at the start."""

from collections.abc import Sequence

from route_switcher.core.vocabulary.policy import Uplink
from route_switcher.core.vocabulary.routes import Route, RouteKind


def active_before(uplinks: Sequence[Uplink], routes: Sequence[Route]) -> Uplink | None:
    """The uplink that an engine before this one had selected, by the routes that it left.

    It stands at its own metric, or, where a foreign route holds that, before all others of ours.
    All are of one family.
    """
    ours = [route for route in routes if route.ours]
    own = {(route.interface, route.metric) for route in ours}
    for uplink in uplinks:
        if (uplink.interface, uplink.metric) in own:
            return uplink
    first = min(ours, key=lambda route: route.metric, default=None)
    held = {route.metric for route in routes if not route.ours}
    for uplink in uplinks:
        if first and uplink.interface == first.interface and uplink.metric in held:
            return uplink
    return None


def in_use(uplinks: Sequence[Uplink], routes: Sequence[Route]) -> Route | None:
    """The best way out that is no standing route of `uplinks`."""
    standing = {uplink.interface for uplink in uplinks}
    others = (
        route
        for route in routes
        if route.kind is RouteKind.UNICAST and not (route.ours and route.interface in standing)
    )
    return min(others, key=lambda route: route.metric, default=None)
