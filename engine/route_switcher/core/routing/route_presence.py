"""Through which uplinks there is a way: since when the table has held a default route of theirs.

Without one, the kernel takes every target for a neighbour on that wire, and a probe says nothing.
"""

from collections.abc import Iterable
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.policy import Address
from route_switcher.core.vocabulary.routes import Route, RouteKind


class RoutePresence:
    """Remembers the ways of every family, ours and foreign."""

    __slots__ = ("_foreign", "_onlink", "_since", "readings")

    def __init__(self) -> None:
        self.readings = 0
        """How many times routes were taken: as long as this is the same, so is all that it says."""
        self._since: dict[tuple[str, Address | None], float] = {}
        self._foreign: dict[tuple[str, Address | None], Route] = {}
        self._onlink: set[tuple[str, Address | None]] = set()
        """Where a route has said that the gateway is on the link; that is remembered."""

    def see_routes(self, at: float, routes: Iterable[Route]) -> set[str]:
        """Take what the kernel has. Returns the interfaces where a gateway is now known to be on
        the link, and was not before."""
        self.readings += 1
        known = set(self._onlink)
        before, self._since, self._foreign = self._since, {}, {}
        for route in routes:
            if route.kind is not RouteKind.UNICAST:
                continue
            way = (route.interface, route.gateway)
            self._since[way] = before.get(way, at)
            best = self._foreign.get(way)
            if not route.ours and (best is None or route.metric < best.metric):
                self._foreign[way] = route
            if route.onlink:
                self._onlink.add(way)
        return {interface for interface, _ in self._onlink - known}

    def onlink(self, health: UplinkHealth) -> bool:
        """Whether the next hop of an uplink is to be taken for one on the link."""
        written, hop = health.uplink.onlink, health.next_hop
        if written is not None:
            return written
        return health.way in self._onlink or (hop is not None and hop.onlink)

    def since(self, health: UplinkHealth) -> float:
        """Since when there has been a way through an uplink; inf: there is none."""
        return inf if health.way is None else self._since.get(health.way, inf)

    def has(self, way: tuple[str, Address | None] | None) -> bool:
        """Whether any route leads through this interface and gateway."""
        return way in self._since

    def foreign(self, health: UplinkHealth) -> Route | None:
        """The best route of somebody else through an uplink."""
        return None if health.way is None else self._foreign.get(health.way)
