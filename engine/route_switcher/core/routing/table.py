"""The kernel's default routes and the laws that they follow, without a kernel.

One table serves the virtual world, dry runs and the daemon's tests. `tests/kernel` puts the same
questions to it and to the real kernel (Linux, net/ipv4/fib_semantics.c and net/ipv6/route.c).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from route_switcher.core.routing.refusal_reasons import (
    APPENDED,
    foreign_holder,
    gateway_elsewhere,
    link_trouble,
    own_holder,
)
from route_switcher.core.routing.rule_list import leads_all
from route_switcher.core.routing.rule_table import RuleTable
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction, RouteKind
from route_switcher.core.vocabulary.uplinks import Family

Network: TypeAlias = IPv4Network | IPv6Network

_Place: TypeAlias = tuple[int, bool, int, str, int]
"""Where a route stands: by family, table, destination and metric, main and defaults before
others."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Routes that the kernel dropped with a link. It is silent about those of IPv4."""

    routes: tuple[Route, ...]
    silently: bool


class RouteTable:
    """Links, their networks, and the default routes of both families, ours and foreign.

    `unknown` says what an interface is like that nobody has told of.
    """

    def __init__(
        self,
        routes: Iterable[Route] = (),
        links: Iterable[LinkState] = (),
        unknown: Callable[[str], LinkState] = LinkState,
    ) -> None:
        self._routes = sorted(dict.fromkeys(routes), key=_place)
        self.rules = RuleTable()
        """What leads to tables other than main."""
        self._links = {link.interface: link for link in links}
        self._networks: dict[str, tuple[Network, ...]] = {}
        self._unknown = unknown

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes as dumps tell them, IPv4 and main first, the best first. IPv6 routes with one
        key are one multipath route, and carry the protocol number of the first."""
        multipath: dict[_Place, list[Route]] = {}
        for route in self._routes:
            if _joins_others(route):
                multipath.setdefault(_place(route), []).append(route)
        return tuple(
            _shown(route, multipath[_place(route)]) if _joins_others(route) else route
            for route in self._routes
        )

    def best(self, family: Family) -> Route | None:
        """The route that the kernel takes for a packet that no sender has tied to an uplink."""
        led = [r.table for r in self.rules.rules if r.family is family and leads_all(r)]
        for table in (*led, MAIN_TABLE):
            for route in self._routes:
                default = route.destination is None
                if default and route.family is family and route.table == table:
                    return route
        return None

    def link(self, interface: str) -> LinkState:
        """What the kernel says of an interface."""
        return self._links.get(interface) or self._unknown(interface)

    def set_link(self, link: LinkState, networks: Iterable[Network] | None = None) -> Dropped:
        """Make an interface as `link` says, and drop the routes that the kernel drops with it.

        `networks` are those that the interface's addresses are in; None: as before, at first any.
        Admin down takes the routes of an interface, and its last IPv4 address those of IPv4; the
        last IPv6 address and the loss of a carrier take none.
        """
        self._links[link.interface] = link
        if networks is not None:
            self._networks[link.interface] = tuple(networks)
        gone = tuple(r for r in self._routes if r.interface == link.interface and _dies(r, link))
        self.take_away(*gone)
        return Dropped(gone, all(route.family is Family.IPV4 for route in gone))

    def put(self, *routes: Route) -> None:
        """Somebody adds routes, behind others of their metric."""
        for route in routes:
            if route not in self._routes:
                self._routes.append(route)
        self._routes.sort(key=_place)  # stable: behind those of its metric

    def take_away(self, *routes: Route) -> None:
        """Somebody deletes routes; those that are not there do not matter."""
        self._routes = [route for route in self._routes if route not in routes]

    def apply(self, action: RouteAction) -> str | None:
        """Carry out one action; returns why the kernel refused it, in words, or None."""
        route = action.route
        if action.change is Change.DELETE:
            if route not in self._routes:
                return APPENDED if route in self.routes else None
            self.take_away(route)
            return None
        refused = self._refusal(route) or self._held(action.change, route)
        if refused is None and route not in self._routes:
            if action.change is Change.REPLACE:
                self.take_away(*self._at_key_of(route))
            self.put(route)
        return refused

    def _refusal(self, route: Route) -> str | None:
        if not route.leads_on:
            return None
        link = self.link(route.interface)
        if isinstance(route.gateway, IPv6Address) and route.gateway.is_link_local:
            # Reached by the interface's own link-local address: it needs no other.
            link = replace(link, families=frozenset(Family))
        trouble = link_trouble(route, link)
        if trouble or self._on_link(route):
            return trouble
        return gateway_elsewhere(route)

    def _on_link(self, route: Route) -> bool:
        networks = self._networks.get(route.interface)
        if networks is None or route.gateway is None or route.onlink:
            return True
        return route.gateway.is_link_local or any(route.gateway in each for each in networks)

    def _held(self, change: Change, route: Route) -> str | None:
        if route in self._routes and change is Change.ADD:
            return None
        standing = self.routes
        held = foreign_holder(route, standing)
        if held is None and change is Change.ADD:
            held = own_holder(route, standing)
        return held

    def _at_key_of(self, route: Route) -> Sequence[Route]:
        return [r for r in self._routes if _place(r) == _place(route)]


def _place(route: Route) -> _Place:
    to = "" if route.destination is None else str(route.destination)
    return route.family.value, route.table != MAIN_TABLE, route.table, to, route.metric


def _joins_others(route: Route) -> bool:
    """Whether the kernel makes one multipath route of it and others like it of its metric."""
    unicast = route.kind is RouteKind.UNICAST and route.gateway is not None
    return route.family is Family.IPV6 and unicast


def _shown(route: Route, hops: Sequence[Route]) -> Route:
    if len(hops) < 2:
        return route
    all_of_them = tuple((hop.interface, hop.gateway) for hop in hops)
    return replace(route, protocol=hops[0].protocol, hops=all_of_them)


def _dies(route: Route, link: LinkState) -> bool:
    if not (link.present and link.up):
        return True
    return route.family is Family.IPV4 and Family.IPV4 not in link.families
