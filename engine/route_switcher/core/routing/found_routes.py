"""What the default routes tell that were there at the start."""

from collections.abc import Sequence

from route_switcher.core.routing.rule_list import leads_all
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Uplink


def routes_of_traffic(
    routes: Sequence[Route], rules: Sequence[RoutingRule], table: int
) -> tuple[Route, ...]:
    """Those of the table that the traffic took before the start; all are of one family.

    Rules of an engine before this one may lead to another table than `table`, which the policy
    means now, and it may have ended in the middle of a move. Where no rule leads anywhere, main
    decides, unless somebody has only deleted our rules.
    """
    led = next((rule.table for rule in rules if rule.ours and leads_all(rule)), MAIN_TABLE)
    ours_in_main = any(route.ours and route.table == MAIN_TABLE for route in routes)
    if led == MAIN_TABLE and not ours_in_main and any(r.ours and r.table == table for r in routes):
        led = table
    found = tuple(route for route in routes if route.table == led)
    return found or tuple(route for route in routes if route.table == MAIN_TABLE)


def active_before(uplinks: Sequence[Uplink], routes: Sequence[Route]) -> Uplink | None:
    """The uplink that an engine before this one had selected, by the routes that it left.

    It stands at its own metric, or, where a foreign route holds that, before all others of ours.
    All are of one family.
    """
    ours = [route for route in routes if route.ours and route.leads_on]
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
        if route.leads_on and not (route.ours and route.interface in standing)
    )
    return min(others, key=lambda route: route.metric, default=None)
