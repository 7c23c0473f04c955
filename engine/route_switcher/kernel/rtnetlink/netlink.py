"""The real kernel, through rtnetlink (rtnetlink(7)) on trio's sockets."""

import errno
import socket
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType

import trio

from route_switcher.core.routing.refusal_reasons import APPENDED, foreign_holder, own_holder
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Family, Uplink
from route_switcher.core.vocabulary.routes import PROTOCOL, Change, Route, RouteAction
from route_switcher.kernel.base import KernelNews, require_ours
from route_switcher.kernel.refusal import refusal
from route_switcher.kernel.rtnetlink import exchange, links, messages
from route_switcher.kernel.rtnetlink.exchange import Conversation, KernelError
from route_switcher.kernel.rtnetlink.framing import Discarded, past_ipv4_defaults
from route_switcher.kernel.rtnetlink.links import InterfaceAddress, InterfaceLink
from route_switcher.kernel.rtnetlink.monitor import Monitor
from route_switcher.kernel.rtnetlink.names import Owners, index_of, owners

_ALREADY_GONE = frozenset((errno.ESRCH, errno.ENODEV))
_NO_SUCH_LINK = frozenset((errno.ENODEV, errno.EINVAL, errno.ERANGE))
"""EINVAL and ERANGE: a name that no interface can have."""


class NetlinkKernel:
    """The kernel of this process's network namespace; see `base.Kernel`.

    A context manager: it holds the socket that hears of changes, from its creation on.
    """

    def __init__(self) -> None:
        self.discarded = Discarded()
        self._uplinks: tuple[Uplink, ...] = ()
        self._families_followed = frozenset(Family)
        self._monitor = Monitor(self.discarded)

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

    def follow(self, uplinks: Sequence[Uplink]) -> None:
        """See `Kernel.follow`."""
        self._uplinks = tuple(uplinks)
        self._families_followed = frozenset(uplink.family for uplink in uplinks)
        self._monitor.follow(uplinks, filter(None, self._indexes().values()))

    def _indexes(self) -> dict[str, int]:
        return {u.interface: index_of(u.interface) for u in self._uplinks}

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """See `Kernel.default_routes`."""
        routes: list[Route] = []
        carrying: set[int] = set()
        for family in Family:
            none_of_others = ours_only or family not in self._families_followed
            found = await self._dump(family, none_of_others)
            owned = owners(self._uplinks, self._indexes())
            for route in found:
                if route.family is not family or (none_of_others and route.protocol != PROTOCOL):
                    continue
                routes += as_routes(route, owned)
                if route.protocol != PROTOCOL:
                    carrying.update(hop.index for hop in route.hops)
        if not ours_only:
            self._monitor.set_carrying(frozenset(carrying))
        return tuple(routes)

    async def _dump(self, family: Family, ours_only: bool) -> list[messages.DefaultRoute]:
        """IPv4's are at the beginning of the table, however long it is; the kernel looks for ours
        in the whole table of IPv6, which takes it 0.1 µs for each route."""
        first = family is Family.IPV4
        build = partial(messages.route_dump, family, ours_only and not first)
        enough = past_ipv4_defaults if first else lambda _: False
        try:
            found = await exchange.read(build, messages.default_route, self.discarded, enough)
        except KernelError as error:
            # A table is made with its first route; a kernel may lack a family.
            if error.code in (errno.ENOENT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
                return []
            raise
        return sorted(found, key=lambda route: route.metric)

    async def link_state(self, interface: str) -> LinkState:
        """See `Kernel.link_state`."""
        (state,) = await self.link_states([interface])
        return state

    async def link_states(self, interfaces: Iterable[str]) -> tuple[LinkState, ...]:
        """See `Kernel.link_states`.

        IPv4: any address is usable. IPv6: one of global scope (unique local ones are) that is not
        waiting for duplicate address detection. A link-local one will do where another interface
        has a global one: the kernel sends from that (RFC 6724), and a router whose provider only
        delegates a prefix to it lives that way.
        """
        names = tuple(interfaces)
        async with Conversation(self.discarded) as conversation:
            found = {name: await _link(conversation, name) for name in names}
            indexes = {name: link.index for name, link in found.items() if link is not None}
            families, borrowing = await self._families(conversation, indexes.values())
        await trio.lowlevel.checkpoint()
        owned = owners(self._uplinks, self._indexes() | indexes)
        self._monitor.add(indexes.values())
        if self._uplinks:
            self._monitor.set_elsewhere(any((i, Family.IPV6) in owned for i in borrowing))
        return tuple(self._state(name, found[name], families, owned) for name in names)

    async def _families(
        self, conversation: Conversation, indexes: Iterable[int]
    ) -> tuple[dict[int, frozenset[Family]], list[int]]:
        """The families of each interface, and the interfaces that depend on addresses of others."""
        families: dict[int, frozenset[Family]] = {}
        borrowing = []
        for index in indexes:
            own = [a for a in await _addresses(conversation, index) if a.index == index]
            families[index] = frozenset(a.family for a in own if a.reaches_out)
            if any(a.family not in families[index] for a in own):
                borrowing.append(index)
        if borrowing:
            everywhere = await _addresses(conversation, 0)
            lent = {a.family for a in everywhere if a.reaches_out and a.family is Family.IPV6}
            families |= {index: families[index] | lent for index in borrowing}
        return families, borrowing

    def _state(
        self,
        interface: str,
        link: InterfaceLink | None,
        families: Mapping[int, frozenset[Family]],
        owned: Owners,
    ) -> LinkState:
        if link is None:
            return LinkState.missing(interface)
        name = link.name if link.name != interface else ""
        followed = {u.family for u in self._uplinks if u.interface == interface}
        others = {f for f in followed if owned.get((link.index, f), interface) != interface}
        if others and others == followed:
            return LinkState.missing(interface, name)
        usable = families[link.index] - others
        return LinkState(interface, True, link.up, link.carrier, usable, name)

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


async def _link(conversation: Conversation, name: str) -> InterfaceLink | None:
    try:
        found = await conversation.read(partial(links.link_request, name), links.link)
    except KernelError as error:
        if error.code not in _NO_SUCH_LINK:
            raise
        return None
    return found[0] if found else None


async def _addresses(conversation: Conversation, index: int) -> list[InterfaceAddress]:
    build = partial(links.address_dump, index)
    try:
        return await conversation.read(build, links.usable_address)
    except KernelError as error:
        if error.code not in _NO_SUCH_LINK:
            raise
        return []  # it went after its link was read


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
            hops=hops,
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
