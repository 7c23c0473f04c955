"""Through which uplinks there is a way: since when the table has held a default route of theirs.

Without one, the kernel takes every target for a neighbour on that wire, and a probe says nothing.
"""

from collections.abc import Iterable, Sequence
from math import inf
from typing import TypeAlias

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.attached_networks import leads_to_neighbours
from route_switcher.core.routing.rule_list import leads_all
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family, Prefix, Uplink, UplinkId

_Way: TypeAlias = tuple[Family, str, Address | None]


class RoutePresence:
    """Remembers the ways of every family, ours and foreign."""

    __slots__ = (
        "_attached",
        "_foreign",
        "_found",
        "_leading",
        "_onlink",
        "_ruled",
        "_since",
        "readings",
    )

    def __init__(self) -> None:
        self.readings = 0
        """How many times routes were taken: as long as this is the same, so is all that it says."""
        self._since: dict[_Way, float] = {}
        self._found: dict[UplinkId, tuple[Uplink, NextHop | None, float]] = {}
        """Since when there is a way, by uplink; addresses are slow to look up."""
        self._foreign: dict[_Way, Route] = {}
        self._attached: frozenset[Prefix] = frozenset()
        self._ruled: frozenset[Family] = frozenset()
        self._leading: frozenset[tuple[Family, int]] = frozenset()
        self._onlink: set[_Way] = set()
        """Where a route has said that the gateway is on the link; that is remembered."""

    def see_routes(
        self,
        at: float,
        routes: Iterable[Route],
        rules: Sequence[RoutingRule] = (),
        table: int = MAIN_TABLE,
    ) -> set[str]:
        """Take what the kernel has; `table` is that of the traffic. Returns the interfaces where a
        gateway is now known to be on the link, and was not before.

        A route of another table than main is a way only where a rule leads to it.
        """
        self.readings += 1
        known = set(self._onlink)
        led = {(family, MAIN_TABLE) for family in Family}
        led |= {(rule.family, rule.table) for rule in rules}
        self._ruled = frozenset(rule.family for rule in rules)
        self._leading = frozenset((rule.family, rule.table) for rule in rules if leads_all(rule))
        before, self._since, self._foreign, self._found = self._since, {}, {}, {}
        attached = set()
        for route in routes:
            if route.destination is not None and leads_to_neighbours(route):
                attached.add(route.destination)
            if route.kind is not RouteKind.UNICAST or route.destination is not None:
                continue
            way = (route.family, route.interface, route.gateway)
            if (route.family, route.table) in led:
                self._since[way] = before.get(way, at)
            best = self._foreign.get(way)
            stands = not route.ours and route.table == table
            if stands and (best is None or route.metric < best.metric):
                self._foreign[way] = route
            if route.onlink:
                self._onlink.add(way)
        self._attached = frozenset(attached)
        return {interface for _, interface, _ in self._onlink - known}

    def attached(self, prefix: Prefix | None) -> bool:
        """Whether `prefix` is a network that this machine is attached to."""
        return prefix in self._attached

    def takes_all(self, family: Family, table: int) -> bool:
        """Whether a rule of ours leads all traffic to this table."""
        return (family, table) in self._leading

    def ruled(self, family: Family) -> bool:
        """Whether there are rules of ours."""
        return family in self._ruled

    def onlink(self, health: UplinkHealth) -> bool:
        """Whether the next hop of an uplink is to be taken for one on the link."""
        written, hop = health.uplink.onlink, health.next_hop
        if written is not None:
            return written
        return _way(health) in self._onlink or (hop is not None and hop.onlink)

    def since(self, health: UplinkHealth) -> float:
        """Since when there has been a way through an uplink; inf: there is none."""
        uplink, hop = health.uplink, health.hop.next_hop
        found = self._found.get(uplink.id)
        if found is None or found[0] is not uplink or found[1] is not hop:
            way = _way(health)
            since = inf if way is None else self._since.get(way, inf)
            found = self._found[uplink.id] = uplink, hop, since
        return found[2]

    def has(self, family: Family, way: tuple[str, Address | None] | None) -> bool:
        """Whether any route of `family` leads through this interface and gateway."""
        return way is not None and (family, *way) in self._since

    def foreign(self, health: UplinkHealth) -> Route | None:
        """The best route of somebody else through an uplink."""
        way = _way(health)
        return None if way is None else self._foreign.get(way)


def _way(health: UplinkHealth) -> _Way | None:
    return None if health.way is None else (health.uplink.family, *health.way)
