"""What in the routing table would silently cancel failover, though every route of ours is right."""

from collections.abc import Iterable

from route_switcher.core.model import Uplink
from route_switcher.core.routes import Route, RouteKind, protocol_name


def obstacles(uplinks: Iterable[Uplink], seen: Iterable[Route]) -> tuple[Route, ...]:
    """The foreign default routes that the kernel would take before, or between, ours.

    `uplinks` are those of one family. A foreign default is in the way if its metric is not above
    the largest metric at which an uplink of ours can be active.
    """
    uplinks = tuple(uplinks)
    family, largest = uplinks[0].family, max(u.metric for u in uplinks)
    return tuple(
        route
        for route in seen
        if not route.ours and route.family is family and route.metric <= largest
    )


def describe_obstacle(route: Route, largest: int) -> str:
    """One line: which route, what it does to failover, and the remedy."""
    effect = (
        "traffic takes it whatever this engine decides"
        if route.kind is RouteKind.UNICAST
        else "traffic stops at it"
    )
    # Named in the command too: in a deletion, iproute2 and the kernel take metric 0 for any.
    proto = protocol_name(route.protocol)
    version = "-6 " if route.family.value == 6 else ""
    return (
        f"foreign route in the way: {route} proto {proto}: {effect}. "
        f"Give it a metric above {largest} where it is set (DHCP client, NetworkManager, "
        f"interfaces file), or delete it: ip {version}route del {route} proto {proto}"
    )
