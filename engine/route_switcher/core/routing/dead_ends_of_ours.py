"""The routes by which packets are refused that no uplink can carry (`when_all_down: unreachable`).

One always stands last in the table of the traffic, so that nothing goes on to the next rule, and
with that by a default route of somebody else. While no uplink answers, a second one stands first.
They stand in a table of our own, so probes, which have small tables of their own, never meet them.
"""

from collections.abc import Iterator

from route_switcher.core.routing.plan import DesiredRoute
from route_switcher.core.vocabulary.policy import Placement, WhenAllDown
from route_switcher.core.vocabulary.routes import FIRST_METRIC, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family, Prefix

LAST_METRIC = 2**32 - 1
"""The largest that there is. The kernel's own dead ends of IPv6 have it too (ip6_dst_lookup)."""

LAST_REASON = "stops what no uplink carries"
FIRST_REASON = "no uplink answers: traffic is refused"


def dead_end(family: Family, table: int, metric: int, destination: Prefix | None = None) -> Route:
    """A route that has packets refused with "unreachable" (ICMP, EHOSTUNREACH)."""
    kind = RouteKind.UNREACHABLE
    return Route(family, "", None, metric, kind=kind, table=table, destination=destination)


def dead_ends(family: Family, placement: Placement, *, refusing: bool) -> Iterator[DesiredRoute]:
    """Those that should stand. `refusing`: no uplink answers."""
    if placement.when_all_down is WhenAllDown.STAY:
        return
    table = placement.table
    yield DesiredRoute(dead_end(family, table, LAST_METRIC), LAST_REASON)
    if refusing:
        for destination in placement.destinations(family):
            end = dead_end(family, table, FIRST_METRIC, destination)
            yield DesiredRoute(end, FIRST_REASON)
