"""The real kernel, through rtnetlink (rtnetlink(7)) on trio's sockets."""

import errno
import socket
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from types import TracebackType

from route_switcher.core.routing.refusal_reasons import APPENDED, foreign_holder, own_holder
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import PROTOCOL, Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, Prefix, Uplink
from route_switcher.kernel.base import KernelNews, require_ours
from route_switcher.kernel.refusal import refusal, rule_refusal
from route_switcher.kernel.rtnetlink import exchange, link_states, messages, rules
from route_switcher.kernel.rtnetlink.exchange import KernelError
from route_switcher.kernel.rtnetlink.framing import Discarded, past_ipv4_defaults, split
from route_switcher.kernel.rtnetlink.learning import Learning
from route_switcher.kernel.rtnetlink.monitor import Monitor
from route_switcher.kernel.rtnetlink.names import Owners, index_of, indexes_of, owners
from route_switcher.kernel.rtnetlink.prefix_routes import ours_of, with_prefixes

_ALREADY_GONE = frozenset((errno.ESRCH, errno.ENODEV))


class NetlinkKernel:
    """The kernel of this process's network namespace; see `base.Kernel`.

    A context manager: it holds the socket that hears of changes, from its creation on.
    """

    def __init__(self) -> None:
        self.discarded = Discarded()
        self._uplinks: tuple[Uplink, ...] = ()
        self._families_followed = frozenset(Family)
        self._tables: tuple[int, ...] = (MAIN_TABLE,)
        self._also: tuple[Prefix, ...] = ()
        self._prefixes_in_main = False
        """Whether there are, or may be, routes of ours to prefixes in main."""
        self._monitor = Monitor(self.discarded)
        self._learning = Learning(self.discarded)

    def __enter__(self) -> "NetlinkKernel":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop hearing of changes. To be called within `trio.run`."""
        self._monitor.close()

    async def changed(self) -> KernelNews:
        """See `Kernel.changed`."""
        return await self._monitor.changed()

    def follow(
        self,
        uplinks: Sequence[Uplink],
        tables: Collection[int] = (MAIN_TABLE,),
        also: Collection[Prefix] = (),
    ) -> None:
        """See `Kernel.follow`."""
        self._also = tuple(also)
        self._uplinks = tuple(uplinks)
        self._families_followed = frozenset(u.family for u in uplinks) or frozenset(Family)
        self._tables = (MAIN_TABLE, *sorted(set(tables) - {MAIN_TABLE}))
        indexes = filter(None, indexes_of(self._uplinks).values())
        lengths = {prefix.prefixlen for prefix in self._also}
        self._monitor.follow(uplinks, indexes, self._tables, lengths)

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """See `Kernel.default_routes`."""
        routes: list[Route] = []
        carrying: set[int] = set()
        for family in Family:
            none_of_others = ours_only or family not in self._families_followed
            found = [
                route
                for table in self._tables
                for route in await self._dump(family, table, none_of_others)
            ]
            owned = owners(self._uplinks, indexes_of(self._uplinks))
            for route in found:
                if route.family is not family or (none_of_others and route.protocol != PROTOCOL):
                    continue
                routes += as_routes(route, owned)
                if route.protocol != PROTOCOL:
                    carrying.update(hop.index for hop in route.hops)
        if not ours_only:
            self._monitor.set_carrying(frozenset(carrying))
        return tuple(routes)

    async def _dump(
        self, family: Family, table: int, ours_only: bool
    ) -> list[messages.DefaultRoute]:
        """Default routes of IPv4 are at the beginning of the table, however long it is; the kernel
        looks for ours in the whole table of IPv6, and for prefixes also of IPv4, which takes it
        0.1 µs for each route. Table 0: every table."""
        wide = table != MAIN_TABLE or bool(self._also) or self._prefixes_in_main
        first = family is Family.IPV4 and not wide
        build = partial(messages.route_dump, family, ours_only and not first, table)
        enough = past_ipv4_defaults if first else lambda _: False
        cut = with_prefixes({prefix.prefixlen for prefix in self._also}) if wide else split
        if ours_only:
            cut = ours_of(cut)
        read = partial(messages.default_route, also=self._also)
        try:
            # A reconcile waits for ours, and in a storm each turn of others takes longer.
            found = await exchange.read(
                build, read, self.discarded, enough, cut, in_parts=not ours_only
            )
        except KernelError as error:
            # A table is made with its first route; a kernel may lack a family.
            if error.code in (errno.ENOENT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
                return []
            raise
        mine = (route for route in found if table in (0, route.table))
        return sorted(mine, key=lambda route: route.metric)

    async def tables_of_ours(self) -> frozenset[int]:
        """See `Kernel.tables_of_ours`."""
        found = [route for family in Family for route in await self._dump(family, 0, True)]
        mine = [route for route in found if route.protocol == PROTOCOL]
        ours = {route.table for route in mine}
        self._prefixes_in_main = any(r.destination and r.table == MAIN_TABLE for r in mine)
        return frozenset(ours | {rule.table for rule in await self.our_rules() if rule.table})

    async def our_rules(self) -> tuple[RoutingRule, ...]:
        """See `Kernel.our_rules`."""
        return tuple([r for family in Family for r in await rules.ours(family, self.discarded)])

    async def apply_rule(self, action: RoutingRuleAction) -> str | None:
        """See `Kernel.apply_rule`."""
        adding = action.change is Change.ADD
        try:
            await (rules.add if adding else rules.delete)(action.rule, self.discarded)
        except KernelError as error:
            if error.code == (errno.EEXIST if adding else errno.ENOENT):
                return None
            return rule_refusal(error.code, error.text)
        return None

    async def next_hops(self, *, limited_only: bool = False) -> tuple[LearnedHop, ...]:
        """See `Kernel.next_hops`."""
        read = self._learning.read_limited if limited_only else self._learning.read
        hops = await read(self._uplinks)
        self._monitor.set_learned_from(self._learning.objects(), self._learning.sources())
        return hops

    def next_hops_due(self) -> float:
        """See `Kernel.next_hops_due`."""
        return self._learning.due()

    async def link_state(self, interface: str) -> LinkState:
        """See `Kernel.link_state`."""
        (state,) = await self.link_states([interface])
        return state

    async def link_states(self, interfaces: Iterable[str]) -> tuple[LinkState, ...]:
        """See `Kernel.link_states`."""
        found = await link_states.read(interfaces, self._uplinks, self.discarded)
        self._monitor.add(found.indexes)
        if self._uplinks:
            self._monitor.set_elsewhere(found.borrowing)
        return found.states

    async def apply(self, action: RouteAction) -> str | None:
        """See `Kernel.apply`."""
        require_ours(action)
        if action.change is Change.DELETE:
            return await self._delete(action.route)
        return await self._put(action.change, action.route)

    async def _delete(self, route: Route) -> str | None:
        # The kernel takes a metric of 0, or no gateway, in a deletion for "any".
        inexact = route.metric == 0 or route.gateway is None
        if inexact and route not in await self.default_routes(ours_only=True):
            return None
        try:
            await self._request(Change.DELETE, route)
        except KernelError as error:
            if error.code not in _ALREADY_GONE:
                return await self._why(route, error)
            # The kernel shows a hop that somebody appended to an IPv6 route of ours as ours, and
            # does not delete it as ours.
            if route in await self.default_routes(ours_only=True):
                return APPENDED
        return None

    async def _put(self, change: Change, route: Route) -> str | None:
        if change is not Change.ADD:
            held = foreign_holder(route, await self.default_routes())
            if held:
                return held
        try:
            try:
                await self._request(change, route)
            except KernelError as error:
                if error.code != errno.EEXIST:
                    raise
                routes = await self.default_routes()
                if route in routes:
                    return None
                held = foreign_holder(route, routes) or own_holder(route, routes)
                if held:
                    return held
                # What was in the way has gone, perhaps before anyone will hear of the refusal.
                await self._request(change, route)
        except KernelError as error:
            return await self._why(route, error)
        return None

    async def _request(self, change: Change, route: Route) -> None:
        index = _index_of(route.interface)
        build = partial(messages.route_change, change, route, index)
        await exchange.command(build, self.discarded)

    async def _why(self, route: Route, error: KernelError) -> str:
        return refusal(route, await self.link_state(route.interface), error.code, error.text)


def _index_of(interface: str) -> int:
    """The interface's index, 0 for no interface. Raises KernelError if there is none."""
    index = index_of(interface) if interface else 0
    if interface and not index:
        raise KernelError(errno.ENODEV, "")
    return index


def as_routes(found: messages.DefaultRoute, owned: Owners) -> list[Route]:
    """One route for each next hop of `found`, except those whose interface has gone since.

    `owned` are the names by which the uplinks call their interfaces.
    """
    named = [
        (hop, name)
        for hop in found.hops
        if (name := _name_of(hop.index, found.family, owned)) is not None
    ]
    hops = tuple((name, hop.gateway) for hop, name in named) if len(found.hops) > 1 else ()
    return [
        Route(
            found.family,
            name,
            hop.gateway,
            found.metric,
            found.protocol,
            found.kind,
            onlink=hop.onlink,
            nexthop=found.nexthop,
            table=found.table,
            source=found.source,
            mtu=found.mtu,
            hops=hops,
            destination=found.destination,
        )
        for hop, name in named
    ]


def _name_of(index: int, family: Family, owned: Owners) -> str | None:
    """The name of an interface, empty for none; None if it went after the dump, and the route
    with it."""
    interface = owned.get((index, family), "")
    if interface or not index:
        return interface
    try:
        return socket.if_indextoname(index)
    except OSError:
        return None
