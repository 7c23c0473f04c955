"""Foreign routes that would silently cancel failover, though every route of ours is right."""

from collections.abc import Iterable, Sequence

from route_switcher.core.recurring import Coming, Recurring
from route_switcher.core.routing.attached_networks import leads_to_neighbours
from route_switcher.core.routing.remedies import (
    our_routes_deletion,
    our_rules_deletion,
    route_deletion,
)
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route, RouteKind, hop_words, protocol_name
from route_switcher.core.vocabulary.uplinks import Family, Uplink


def conflicts(
    uplinks: Iterable[Uplink], seen: Iterable[Route], active: Route | None = None
) -> tuple[Route, ...]:
    """The foreign default routes that the kernel would take before, or between, ours; a multipath
    route appears once, by its first next hop.

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
        and (not route.hops or route.hops[0] == (route.interface, route.gateway))
        and (route.metric <= _reach(route, uplinks) or precedes(route, active))
    )


def _conflicts_beside(
    uplinks: Sequence[Uplink], others: Sequence[Route], carrier: Route
) -> tuple[Route, ...]:
    """The same for the destination of `carrier`. Main comes before a table of our own."""
    to_it = [route for route in others if route.destination == carrier.destination]
    there = [route for route in to_it if route.table == carrier.table]
    before = [r for r in to_it if r.table != carrier.table and not r.ours]
    return (*before, *conflicts(uplinks, there, carrier))


def describe_conflict(route: Route, uplinks: Iterable[Uplink], active: Route | None = None) -> str:
    """One line: which route, what it does to failover, and the remedy."""
    if leads_to_neighbours(route):
        return (
            f"{route.destination} is a network of {route.interface}, so its hosts are reached"
            " directly, and no route of ours leads there. Take it out of 'also'"
        )
    uplinks = tuple(uplinks)
    reach = max(_reach(route, uplinks), active.metric if active is not None else 0)
    stopped = "probes of a demoted uplink stop at it, so that a failed one never recovers"
    traffic = "traffic" if route.destination is None else f"traffic to {route.destination}"
    effect = f"{traffic} takes it whatever the engine decides"
    if route.destination is not None and not route.nexthop and route.leads_on:
        return (
            f"foreign route in the way: {_whole(route)} proto {protocol_name(route.protocol)}:"
            f" {effect}. Delete it where it is set, or with: {route_deletion(route)}"
        )
    if _ends_other_lookups(route):
        effect += ", and probes through any other interface stop at it"
        if route.metric > max(u.metric for u in uplinks):
            effect = stopped
    elif route.kind is not RouteKind.UNICAST:
        effect = f"{traffic} stops at it"
        if route.metric > max(u.metric for u in uplinks):
            effect = stopped
    return (
        f"foreign route in the way: {_whole(route)} proto {protocol_name(route.protocol)}: "
        f"{effect}. Give it a metric above {reach} where it is set (DHCP client, "
        f"NetworkManager, interfaces file), or delete it: {route_deletion(route)}"
    )


def _whole(route: Route) -> str:
    """The route with all of its next hops."""
    if not route.hops:
        return str(route)
    hops = (" ".join(["nexthop", *hop_words(route.family, *hop)]) for hop in route.hops)
    return f"{' '.join(route.kind_words)} {' '.join(hops)} metric {route.metric}"


def _ends_other_lookups(route: Route) -> bool:
    """Whether the kernel, asked for the way through another interface, looks no further.

    So it is with an IPv4 route through a nexthop object (fib_table_lookup in net/ipv4/fib_trie.c).
    """
    return bool(route.nexthop) and route.family is Family.IPV4


def precedes(route: Route, active: Route | None) -> bool:
    """Whether the kernel takes `route` before the `active` one, and it leads another way."""
    if active is None or route.metric > active.metric:
        return False
    return (route.interface, route.gateway) != (active.interface, active.gateway)


def _reach(route: Route, uplinks: Iterable[Uplink]) -> int:
    """The largest metric at which `route` is in the way.

    A way out matters up to the largest metric at which an uplink of ours can be active. What stops
    packets also stops those that are bound to an interface whose route stands behind it: the probes
    of a demoted uplink.
    """
    if route.kind is RouteKind.UNICAST and not _ends_other_lookups(route):
        return max(uplink.metric for uplink in uplinks)
    return max(uplink.demoted_metric for uplink in uplinks)


def left_over(
    at: float, policy: Policy, routes: Iterable[Route], rules: Iterable[RoutingRule] = ()
) -> list[Output]:
    """What is said of routes of ours in a family of which `policy` has no uplink: nobody judges
    where they lead."""
    told = []
    ours = [route for route in routes if route.ours]
    ruled = {rule.family for rule in rules}
    for family in Family:
        routes_of_it = [route for route in ours if route.family is family]
        mine = ", ".join(map(str, routes_of_it))
        if (mine or family in ruled) and family not in policy.families:
            text = f"{family} has no uplink any more: its routes stay as they are: {mine}."
            tables = sorted({route.table for route in routes_of_it})
            commands = [our_rules_deletion(family)] if family in ruled else []
            commands += [our_routes_deletion(family, table) for table in tables]
            remedy = f"To remove them: {' && '.join(commands)}"
            told.append(Notice(at, Level.WARNING, f"{text} {remedy}"))
    return [*told]


class Conflicts:
    """Remembers the conflicts of one family, and says which come and go. Of one that comes and goes
    all the time it says so, and when it is over."""

    __slots__ = ("_beside", "_found", "_recurring")

    def __init__(self) -> None:
        self._found: tuple[Route, ...] = ()
        self._beside: tuple[Route, ...] = ()
        self._recurring: Recurring[Route] = Recurring()

    @property
    def found(self) -> tuple[Route, ...]:
        """The foreign default routes that are in the way now."""
        return self._found

    @property
    def all(self) -> tuple[Route, ...]:
        """These, and those to prefixes that move with the default."""
        return self._found + self._beside

    def news(
        self,
        at: float,
        uplinks: Sequence[Uplink],
        routes: Iterable[Route],
        active: Route | None,
        others: Sequence[Route] = (),
        beside: Iterable[Route] = (),
    ) -> list[Output]:
        """What has changed with the `routes` that are there now. `others` lead to prefixes of
        the policy, and `beside` are to carry the traffic to these."""
        before, self._found = self.all, conflicts(uplinks, routes, active)
        self._beside = (
            *(route for route in others if leads_to_neighbours(route)),
            *(r for carrier in beside for r in _conflicts_beside(uplinks, others, carrier)),
        )
        known, there = frozenset(before), frozenset(self.all)
        comings = {r: self._recurring.comes(at, r) for r in self.all if r not in known}
        come = [
            Notice(at, Level.WARNING, _in_words(coming, describe_conflict(route, uplinks, active)))
            for route, coming in comings.items()
            if coming.tell
        ]
        gone = [
            _out_of_the_way(at, route)
            for route in before
            if route not in there and self._recurring.goes(at, route)
        ]
        return [*come, *gone]

    def on_time(self, at: float) -> list[Output]:
        """What has come and gone again and again, and has stayed away now."""
        return [_out_of_the_way(at, route) for route in self._recurring.ended(at)]

    def deadline(self) -> float:
        """When to call `on_time`; inf: never."""
        return self._recurring.deadline()


def _in_words(coming: Coming, conflict: str) -> str:
    if coming.first:
        return conflict
    return f"again and again, {coming.words}: {conflict}"


def _out_of_the_way(at: float, route: Route) -> Notice:
    return Notice(at, Level.INFO, f"foreign route out of the way: {route}")
