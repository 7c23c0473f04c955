"""Whether a family would still have a way out if the routes and rules of ours were taken back.

Then the main table decides, and the kernel takes its default route with the lowest metric,
whether that works or not. So that one is judged, and no other.
"""

from collections.abc import Iterable, Mapping

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.link_troubles import describe_link
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import Route, RouteKind
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.status import FamilyStatus


def remaining_default(status: FamilyStatus, routes: Iterable[Route]) -> Route | None:
    """The default route of somebody else that the kernel would take, among those that are there."""
    others = [
        route
        for route in routes
        if not route.ours and route.family is status.family and route.table == MAIN_TABLE
        if route.destination is None
    ]
    return min(others, key=lambda route: route.metric, default=None)


def why_ours_stay(
    status: FamilyStatus, remaining: Route | None, links: Mapping[str, LinkState]
) -> str:
    """Why the machine would be worse off by `remaining` than by ours, in words; empty: it would
    not. `links` are those of the routes' interfaces, as far as they are known.

    A gateway that is no uplink's is taken to work: nobody has asked through it.
    """
    if remaining is None:
        return "there is no default route of anybody else in the main table"
    route = f"the other default route in the main table ({remaining})"
    if remaining.kind is not RouteKind.UNICAST:
        return f"{route} leads nowhere"
    link = links.get(remaining.interface)
    if link is not None and not link.connected:
        return f"{route} leads nowhere: {describe_link(link)}"
    states = {each.health.uplink.name: each.health.state for each in status.uplinks}
    if status.active is None or states[status.active] is UplinkState.FAILED:
        return ""  # it cannot be worse
    for each in status.uplinks:
        health = each.health
        hop = health.next_hop
        way = (health.uplink.interface, hop.gateway if hop is not None else None)
        same = hop is not None and way == (remaining.interface, remaining.gateway)
        if same and health.state is UplinkState.FAILED:
            return f"{route} leads through {health.uplink.name}, which is failed"
    return ""
