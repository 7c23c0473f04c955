"""The kernel's links and default routes in memory, for tests of the daemon in virtual time.

The laws are those of `core.routing.table`; `tests/kernel` puts the same questions to this one and
to the real kernel.
"""

from collections.abc import Collection, Iterable, Sequence
from math import inf

import trio

from route_switcher.core.routing.table import Network, RouteTable
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Prefix, Uplink
from route_switcher.kernel.base import KernelNews, require_ours


class ModelKernel:
    """See `route_switcher.kernel.base.Kernel`. An interface has one name only."""

    def __init__(self, links: Iterable[LinkState] = (), routes: Iterable[Route] = ()) -> None:
        self._table = RouteTable(routes, links, unknown=LinkState.missing)
        self._news = KernelNews()
        self._arrived = trio.Event()
        self._uplinks: tuple[Uplink, ...] = ()
        self._tables = frozenset((MAIN_TABLE,))
        self._next_hops: tuple[LearnedHop, ...] = ()

    def follow(
        self,
        uplinks: Sequence[Uplink],
        tables: Collection[int] = (MAIN_TABLE,),
        also: Collection[Prefix] = (),
    ) -> None:
        """See `Kernel.follow`."""
        self._uplinks = tuple(uplinks)
        self._tables = frozenset(tables)

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """See `Kernel.default_routes`."""
        await trio.lowlevel.checkpoint()
        families = {uplink.family for uplink in self._uplinks} or set(Family)
        return tuple(
            route
            for route in self._table.routes
            if route.table in self._tables
            and (route.ours or (route.family in families and not ours_only))
        )

    async def tables_of_ours(self) -> frozenset[int]:
        """See `Kernel.tables_of_ours`."""
        await trio.lowlevel.checkpoint()
        led = {rule.table for rule in self._table.rules.ours}
        return frozenset(led | {route.table for route in self._table.routes if route.ours})

    async def our_rules(self) -> tuple[RoutingRule, ...]:
        """See `Kernel.our_rules`."""
        await trio.lowlevel.checkpoint()
        return self._table.rules.ours

    async def apply_rule(self, action: RoutingRuleAction) -> str | None:
        """See `Kernel.apply_rule`."""
        if not action.rule.ours:
            raise ValueError(f"not ours to touch: {action}")
        await trio.lowlevel.checkpoint()
        before = self._table.rules.rules
        refused = self._table.rules.apply(action)
        if self._table.rules.rules != before:
            self._tell(KernelNews(rules=True))
        return refused

    def add_rules(self, *rules: RoutingRule) -> None:
        """Somebody adds rules, behind others of their preference."""
        self._table.rules.put(*rules)
        self._tell(KernelNews(rules=any(rule.ours for rule in rules)))

    def remove_rules(self, *rules: RoutingRule) -> None:
        """Somebody deletes rules, which may be ours."""
        gone = [rule for rule in rules if rule in self._table.rules.rules]
        self._table.rules.take_away(*rules)
        self._tell(KernelNews(rules=any(rule.ours for rule in gone)))

    async def next_hops(self, *, limited_only: bool = False) -> tuple[LearnedHop, ...]:
        """See `Kernel.next_hops`."""
        await trio.lowlevel.checkpoint()
        learning = {(u.interface, u.family) for u in self._uplinks if u.gateway is GatewayMode.AUTO}
        return tuple(hop for hop in self._next_hops if (hop.interface, hop.family) in learning)

    def next_hops_due(self) -> float:
        """See `Kernel.next_hops_due`."""
        return inf

    def set_next_hops(self, *hops: LearnedHop) -> None:
        """What the default routes of others tell from now on."""
        self._next_hops = hops
        self._tell(KernelNews(next_hops=True))

    async def link_states(self, interfaces: Iterable[str]) -> tuple[LinkState, ...]:
        """See `Kernel.link_states`."""
        await trio.lowlevel.checkpoint()
        return tuple(map(self._table.link, interfaces))

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
        before = self._table.routes
        refused = self._table.apply(action)
        if self._table.routes != before:
            self._tell_of_routes([action.route])
        return refused

    def set_link(self, link: LinkState, networks: Iterable[Network] | None = None) -> None:
        """Make an interface as `link` says; see `RouteTable.set_link`."""
        before = self._table.link(link.interface)
        news = KernelNews(
            links=(before.present, before.up, before.carrier)
            != (link.present, link.up, link.carrier),
            addresses=(before.families, before.addresses) != (link.families, link.addresses),
        )
        if self._uplinks and all(u.interface != link.interface for u in self._uplinks):
            # It concerns nobody, unless default routes of others go by it.
            others = any(r.interface == link.interface for r in self._table.routes)
            news = KernelNews(foreign=others)
        self._tell(news)
        dropped = self._table.set_link(link, networks)
        if dropped.routes and not dropped.silently:
            self._tell_of_routes(dropped.routes)

    def foreign_add(self, route: Route) -> None:
        """Somebody else adds `route`, behind others of its metric."""
        self._table.put(route)
        self._tell_of_routes([route])

    def foreign_remove(self, *routes: Route) -> None:
        """Somebody else deletes routes, which may be ours."""
        gone = [route for route in routes if route in self._table.routes]
        self._table.take_away(*routes)
        if gone:
            self._tell_of_routes(gone)

    def flush(self) -> None:
        """Somebody deletes every default route."""
        self.foreign_remove(*self._table.routes)

    def overrun(self) -> None:
        """News get lost."""
        self._tell(KernelNews(overrun=True))

    def _tell_of_routes(self, routes: Sequence[Route]) -> None:
        ours = any(route.ours for route in routes)
        self._tell(KernelNews(routes=ours, foreign=not all(route.ours for route in routes)))

    def _tell(self, news: KernelNews) -> None:
        self._news |= news
        if self._news:
            self._arrived.set()
