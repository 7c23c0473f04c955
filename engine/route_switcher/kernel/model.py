"""A model of the kernel's default routes, in memory: for dry runs, and for tests in virtual time.

It behaves as the real kernel does; `tests/kernel` puts the same questions to both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Address, IPv6Network

import trio

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Family, Uplink
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction, RouteKind
from route_switcher.kernel.base import KernelNews, require_ours
from route_switcher.kernel.refusal import (
    APPENDED,
    foreign_holder,
    gateway_elsewhere,
    link_trouble,
    own_holder,
)


class ModelKernel:
    """Links and default routes, and how they depend on each other; see `base.Kernel`."""

    def __init__(self, links: Iterable[LinkState] = (), routes: Iterable[Route] = ()) -> None:
        self._links = {link.interface: link for link in links}
        self._networks: dict[str, tuple[IPv4Network | IPv6Network, ...]] = {}
        self._routes = sorted(routes, key=lambda route: route.metric)
        self._news = KernelNews()
        self._arrived = trio.Event()
        self._uplinks: tuple[Uplink, ...] = ()

    def follow(self, uplinks: Sequence[Uplink]) -> None:
        """See `Kernel.follow`. Here an interface has one name only."""
        self._uplinks = tuple(uplinks)

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """See `Kernel.default_routes`."""
        await trio.lowlevel.checkpoint()
        families = {uplink.family for uplink in self._uplinks} or set(Family)
        return tuple(
            route
            for family in Family
            for route in self._shown()
            if route.family is family and (route.ours or (family in families and not ours_only))
        )

    async def link_states(self, interfaces: Iterable[str]) -> tuple[LinkState, ...]:
        """See `Kernel.link_states`."""
        await trio.lowlevel.checkpoint()
        return tuple(map(self._link, interfaces))

    async def link_state(self, interface: str) -> LinkState:
        """See `Kernel.link_state`."""
        (state,) = await self.link_states([interface])
        return state

    async def changed(self) -> KernelNews:
        """See `Kernel.changed`."""
        await self._arrived.wait()
        news, self._news = self._news, KernelNews()
        self._arrived = trio.Event()
        return news

    async def apply(self, action: RouteAction) -> str | None:
        """See `Kernel.apply`."""
        require_ours(action)
        await trio.lowlevel.checkpoint()
        route = action.route
        if action.change is Change.DELETE:
            if route not in self._routes:
                return APPENDED if route in self._shown() else None
            self._remove([r for r in self._routes if r == route])
            return None
        refused = self._refusal(route) or self._held(action.change, route)
        if refused is None and route not in self._routes:
            if action.change is Change.REPLACE:
                self._replace(route)
            else:
                self._insert(route)
        return refused

    def set_link(
        self,
        link: LinkState,
        networks: Iterable[IPv4Network | IPv6Network] | None = None,
    ) -> None:
        """Make an interface as `link` says, and let its routes go where the kernel does so.

        `networks` are those that the interface's addresses are in; None: as before, at first any.
        """
        before = self._link(link.interface)
        self._links[link.interface] = link
        if networks is not None:
            self._networks[link.interface] = tuple(networks)
        news = KernelNews(
            links=(before.present, before.up, before.carrier)
            != (link.present, link.up, link.carrier),
            addresses=before.families != link.families,
        )
        if self._uplinks and all(u.interface != link.interface for u in self._uplinks):
            # It concerns nobody, unless default routes of others go by it.
            news = KernelNews(foreign=any(r.interface == link.interface for r in self._routes))
        self._tell(news)
        gone = [r for r in self._routes if r.interface == link.interface and _dies(r, link)]
        # The kernel is silent about IPv4 routes that go with their interface or address.
        self._remove(gone, silently=all(r.family is Family.IPV4 for r in gone))

    def foreign_add(self, route: Route) -> None:
        """Somebody else adds `route`, behind others of its metric."""
        self._insert(route)

    def foreign_remove(self, route: Route) -> None:
        """Somebody else deletes `route`, which may be ours."""
        self._remove([r for r in self._routes if r == route])

    def flush(self) -> None:
        """Somebody deletes every default route."""
        self._remove(list(self._routes))

    def overrun(self) -> None:
        """News get lost."""
        self._tell(KernelNews(overrun=True))

    def _shown(self) -> list[Route]:
        """The routes as a dump tells them: IPv6 routes with one metric are one multipath route, and
        carry the protocol number of the first."""
        shown = []
        for route in self._routes:
            hops = [r for r in self._routes if _one_multipath(r, route)]
            if len(hops) > 1:
                all_of_them = tuple((hop.interface, hop.gateway) for hop in hops)
                route = replace(route, protocol=hops[0].protocol, hops=all_of_them)
            shown.append(route)
        return shown

    def _link(self, interface: str) -> LinkState:
        absent = LinkState(interface, False, False, False, frozenset())
        return self._links.get(interface, absent)

    def _refusal(self, route: Route) -> str | None:
        link = self._link(route.interface)
        if isinstance(route.gateway, IPv6Address) and route.gateway.is_link_local:
            # Reached by the interface's own link-local address: it needs no other.
            link = LinkState(link.interface, link.present, link.up, link.carrier)
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
        held = foreign_holder(route, self._shown())
        if held is None and change is Change.ADD:
            held = own_holder(route, self._shown())
        return held

    def _insert(self, route: Route) -> None:
        self._routes.append(route)
        self._routes.sort(key=lambda each: each.metric)  # stable: behind those of its metric
        self._tell_of_routes([route])

    def _replace(self, route: Route) -> None:
        key = (route.family, route.metric)
        self._routes = [r for r in self._routes if (r.family, r.metric) != key]
        self._insert(route)

    def _remove(self, gone: list[Route], silently: bool = False) -> None:
        self._routes = [route for route in self._routes if route not in gone]
        if gone and not silently:
            self._tell_of_routes(gone)

    def _tell_of_routes(self, routes: list[Route]) -> None:
        ours = any(route.ours for route in routes)
        self._tell(KernelNews(routes=ours, foreign=not all(route.ours for route in routes)))

    def _tell(self, news: KernelNews) -> None:
        self._news |= news
        if self._news:
            self._arrived.set()


def _one_multipath(one: Route, other: Route) -> bool:
    both = (one, other)
    return one.metric == other.metric and all(
        route.family is Family.IPV6 and route.kind is RouteKind.UNICAST and route.gateway
        for route in both
    )


def _dies(route: Route, link: LinkState) -> bool:
    """Whether `route` goes once its interface is as `link` says. Carrier loss leaves it.

    The last IPv4 address takes the routes along; the last IPv6 address does not.
    """
    if not (link.present and link.up):
        return True
    return route.family is Family.IPV4 and Family.IPV4 not in link.families
