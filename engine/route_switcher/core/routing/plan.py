"""The plan: the standing routes that the kernel should have, computed from the selection.

Every uplink has one standing route, at its own metric or demoted, so that its probes can always
leave through it. The active uplink stands at its own metric. Whatever has a lower metric than the
active one stands demoted, whatever its health; of those behind it, the failed ones are demoted. So
the kernel takes the active uplink, and has the next best right behind it.

Where the kernel refuses the active uplink's own metric, because a foreign route holds it, the
active uplink stands demoted too, and all others stand further behind. Where it refuses every
route, but a foreign one leads through the same gateway, the traffic goes by that one, and all of
ours stand behind it.

All of these stand in one table. Where that is a table of our own, each uplink also has a small
table with its one default route, whatever its health, and rules lead there (`rule_plan`).
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import DEMOTION, Address, Family, Prefix, Uplink

ACTIVE_AT = 3
"""How many metrics are tried for the active uplink: its own, and so many demoted ones less one."""

_TRIED = 3
"""How many metrics are tried for any other: one that is refused may be held by a foreign route."""


@dataclass(frozen=True, slots=True)
class DesiredRoute:
    """One route that should be there. `possible` is false while the kernel cannot take it."""

    route: Route
    reason: str
    possible: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """The routes of one family. `active` is the route that carries the traffic: it must be there
    before others may go. It is a foreign one where the kernel refuses all of that uplink's."""

    family: Family
    active: Route | None
    routes: tuple[DesiredRoute, ...]
    kept: Set[Route] = frozenset()
    """Routes that the kernel has refused to delete."""
    table: int = MAIN_TABLE
    """The table of the traffic."""
    rules: tuple[RoutingRule, ...] = ()
    """The rules of ours, in the order that they must have. Those that the kernel has refused are
    not among them."""
    undeletable: Set[RoutingRule] = frozenset()
    """Rules that the kernel has refused to delete."""
    selected: bool = False
    """Whether a first selection has been made."""
    beside: tuple[Route, ...] = ()
    """What `active` is for everything, for each further prefix."""
    destinations: tuple[Prefix | None, ...] = (None,)
    """What routes of ours lead to."""
    rules_found: bool = False
    """Whether there were any rules of ours when they were last read."""

    @property
    def own(self) -> bool:
        """Whether the routes stand in a table of our own."""
        return self.table != MAIN_TABLE

    @property
    def awaits_active(self) -> bool:
        """Whether the route that carries the traffic can be there."""
        return any(w.route == self.active and w.possible for w in self.routes)

    @property
    def looks_at_rules(self) -> bool:
        """Whether rules of ours are there, or should be."""
        return bool(self.rules) or self.rules_found


@dataclass(frozen=True, slots=True)
class Standing:
    """How one uplink stands: all that its standing routes follow from. `foreign` is the best route
    of somebody else through its interface and next hop."""

    uplink: Uplink
    next_hop: NextHop | None
    """Where its packets go first; None: that is not known, and so there are no routes of it."""
    state: UplinkState
    routable: bool
    foreign: Route | None = None
    table: int = MAIN_TABLE
    small_table: int | None = None
    """The table that has nothing but this uplink's default route; None: there is none."""
    small_table_free: bool = True
    """No rule of an engine or a policy before this one leads all traffic there still."""
    moved: bool = False
    """Its routes stood in another table before."""

    def moved_to(self, table: int) -> "Standing":
        """The same after the routes have moved; it has left the policy, and has no small table."""
        return replace(self, table=table, small_table=None, moved=self.moved or table != self.table)

    @property
    def way(self) -> tuple[str, Address | None] | None:
        """Its interface and gateway: by what a route of it is known; None: it has no next hop."""
        return None if self.next_hop is None else (self.uplink.interface, self.next_hop.gateway)

    def route(self, demotions: int = 0, destination: Prefix | None = None) -> Route:
        """Its standing route at its own metric, or at that many demotions above it. Standing routes
        are made here and nowhere else. Only of an uplink with a next hop."""
        uplink, hop = self.uplink, self.next_hop
        assert hop is not None
        return Route(
            uplink.family,
            uplink.interface,
            hop.gateway,
            uplink.metric + demotions * DEMOTION,
            source=hop.source,
            mtu=hop.mtu,
            onlink=hop.onlink,
            table=self.table,
            destination=destination,
        )

    def lone_route(self, destination: Prefix | None = None) -> Route | None:
        """Its route in its small table; None: there is no such table, or no next hop."""
        if self.small_table is None or self.next_hop is None:
            return None
        return replace(self.route(destination=destination), table=self.small_table)

    def routes(self, destination: Prefix | None = None) -> tuple[Route, ...]:
        """The routes by which it can be active, best first; none without a next hop."""
        if self.next_hop is None:
            return ()
        return tuple(self.route(demotions, destination) for demotions in range(ACTIVE_AT))


def make_plan(
    family: Family,
    uplinks: Sequence[Standing],
    active: Standing | None,
    refused: Set[Route],
    kept: Set[Route] = frozenset(),
    destinations: Sequence[Prefix | None] = (None,),
) -> Plan:
    """Plan the standing routes of `uplinks` to each of `destinations`; before the first selection
    `active` is None.

    An `active` that is not among `uplinks` has left the policy and still carries the traffic: its
    route is kept if it is there. A route in `refused` is not asked for again; another of that
    uplink is, where that is safe.
    """
    wanted: list[DesiredRoute] = []
    carriers = [_carrier(uplinks, active, refused, each) for each in destinations]
    for destination, carrier in zip(destinations, carriers, strict=True):
        wanted += _in_table_of_traffic(uplinks, active, refused, destination, carrier)
    for standing in uplinks:
        for destination in destinations:
            lone = standing.lone_route(destination)
            if lone is not None:
                reason = f"the one route of {standing.uplink.name}'s own table"
                possible = standing.routable and standing.small_table_free and lone not in refused
                wanted.append(DesiredRoute(lone, reason, possible))
    beside = tuple(carrier for carrier in carriers[1:] if carrier is not None)
    return Plan(
        family,
        carriers[0],
        tuple(wanted),
        kept,
        beside=beside,
        destinations=tuple(destinations),
    )


def _in_table_of_traffic(
    uplinks: Sequence[Standing],
    active: Standing | None,
    refused: Set[Route],
    destination: Prefix | None,
    carrier: Route | None,
) -> Iterator[DesiredRoute]:
    left = active is not None and all(s.uplink != active.uplink for s in uplinks)
    if active is not None and left and (route := active_route(active, refused, destination)):
        reason = f"{active.uplink.name} is active until another answers"
        possible = active.moved and active.routable and route not in refused
        yield DesiredRoute(route, reason, possible)
    for standing in uplinks:
        if standing.next_hop is None:
            continue
        choices = list(_choices(standing, active, carrier, destination))
        route, reason = next((c for c in choices if c[0] not in refused), choices[0])
        possible = standing.routable and route not in refused
        yield DesiredRoute(route, f"{standing.uplink.name} {reason}", possible)


def active_route(
    standing: Standing, refused: Set[Route], destination: Prefix | None = None
) -> Route | None:
    """The best route by which an uplink can be active; its own where all are refused; None: it has
    no next hop."""
    routes = standing.routes(destination)
    return next((route for route in routes if route not in refused), next(iter(routes), None))


def _carrier(
    uplinks: Sequence[Standing],
    active: Standing | None,
    refused: Set[Route],
    destination: Prefix | None,
) -> Route | None:
    """The route that carries the traffic of `active` to `destination`."""
    if active is None:
        return None
    route = active_route(active, refused, destination)
    if destination is not None:
        return route
    foreign = next((s.foreign for s in uplinks if s.uplink == active.uplink), None)
    return foreign if foreign is not None and route in refused else route


def _choices(
    standing: Standing,
    active: Standing | None,
    carrier: Route | None,
    destination: Prefix | None,
) -> Iterator[tuple[Route, str]]:
    """The routes that would do for an uplink, best first, each with its reason."""
    uplink = standing.uplink
    if active is None:
        yield from _demoted(standing, destination, 1, "stands demoted until the first selection")
    elif uplink == active.uplink:
        own, *others = standing.routes(destination)
        yield own, "is active"
        yield from ((other, "is active, and its own metric was refused") for other in others)
    else:
        metric = active.uplink.metric if carrier is None else carrier.metric
        behind = _demotions_behind(uplink, metric)
        if uplink.metric <= active.uplink.metric:
            reason = f"stands demoted: {active.uplink.name} is active"
            yield from _demoted(standing, destination, max(1, behind), reason)
        elif standing.state is UplinkState.FAILED:
            yield from _demoted(standing, destination, behind + 1, "stands demoted: it failed")
        else:
            yield standing.route(behind, destination), "stands behind the active uplink"
            lower = "stands demoted: a lower metric was refused"
            yield from _demoted(standing, destination, behind + 1, lower)


def _demoted(
    standing: Standing, destination: Prefix | None, demotions: int, reason: str
) -> Iterator[tuple[Route, str]]:
    first = standing.route(demotions, destination)
    yield first, reason
    for further in range(1, _TRIED):
        yield (
            standing.route(demotions + further, destination),
            f"{reason}, and metric {first.metric} was refused",
        )


def _demotions_behind(uplink: Uplink, metric: int) -> int:
    """How many demotions put a route of `uplink` behind `metric`."""
    return max(0, (metric - uplink.metric) // DEMOTION + 1)
