"""The real kernel, through rtnetlink (rtnetlink(7)) on trio's sockets."""

import errno
import socket
from functools import partial
from types import TracebackType

from route_switcher.core.events import LinkState
from route_switcher.core.model import Family
from route_switcher.core.routes import PROTOCOL, Change, Route, RouteAction
from route_switcher.kernel import exchange, messages
from route_switcher.kernel.base import KernelNews, require_ours
from route_switcher.kernel.exchange import KernelError
from route_switcher.kernel.framing import Discarded
from route_switcher.kernel.monitor import Monitor
from route_switcher.kernel.refusal import foreign_holder, own_holder, refusal

_ALREADY_GONE = frozenset((errno.ESRCH, errno.ENODEV))
_NO_SUCH_LINK = frozenset((errno.ENODEV, errno.EINVAL, errno.ERANGE))
"""EINVAL and ERANGE: a name that no interface can have."""


class NetlinkKernel:
    """The kernel of this process's network namespace; see `base.Kernel`.

    A context manager: it holds the socket that hears of changes, from its creation on.
    """

    def __init__(self) -> None:
        self.discarded = Discarded()
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

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """See `Kernel.default_routes`."""
        routes: list[Route] = []
        for family in Family:
            for found in await self._dump(family, ours_only):
                if found.family is family and (not ours_only or found.protocol == PROTOCOL):
                    routes += _as_routes(found)
        return tuple(routes)

    async def _dump(self, family: Family, ours_only: bool) -> list[messages.DefaultRoute]:
        build = partial(messages.route_dump, family, ours_only)
        try:
            found = await exchange.read(build, messages.default_route, self.discarded)
        except KernelError as error:
            # A table is made with its first route; a kernel may lack a family.
            if error.code in (errno.ENOENT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
                return []
            raise
        return sorted(found, key=lambda route: route.metric)

    async def link_state(self, interface: str) -> LinkState:
        """See `Kernel.link_state`.

        IPv4: any address is usable. IPv6: one of global scope (unique local ones are) that is not
        waiting for duplicate address detection. A link-local one will do where another interface
        has a global one: the kernel sends from that (RFC 6724), and a router whose provider only
        delegates a prefix to it lives that way.
        """
        try:
            found = await exchange.read(
                partial(messages.link_request, interface), messages.link, self.discarded
            )
            # It may go between the two requests: then it is missing just the same.
            families = [await self._families(link.index) for link in found]
        except KernelError as error:
            if error.code not in _NO_SUCH_LINK:
                raise
            found = []
        if not found:
            return LinkState(interface, False, False, False, frozenset())
        return LinkState(interface, True, found[0].up, found[0].carrier, frozenset(families[0]))

    async def _families(self, index: int) -> set[Family]:
        own = [a for a in await self._addresses(index) if a.index == index]
        families = {address.family for address in own if address.reaches_out}
        if {address.family for address in own} > families:
            everywhere = await self._addresses(0)
            families |= {a.family for a in everywhere if a.reaches_out and a.family is Family.IPV6}
        return families

    async def _addresses(self, index: int) -> list[messages.InterfaceAddress]:
        build = partial(messages.address_dump, index)
        return await exchange.read(build, messages.usable_address, self.discarded)

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
            if error.code in _ALREADY_GONE:
                return None
            return await self._why(route, error)
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
    if not interface:
        return 0
    try:
        return socket.if_nametoindex(interface)
    except OSError as error:
        raise KernelError(errno.ENODEV, "") from error


def _as_routes(found: messages.DefaultRoute) -> list[Route]:
    routes = []
    for hop in found.hops:
        try:
            interface = socket.if_indextoname(hop.index) if hop.index else ""
        except OSError:
            continue  # the interface went after the dump, and the route with it
        routes.append(
            Route(found.family, interface, hop.gateway, found.metric, found.protocol, found.kind)
        )
    return routes
