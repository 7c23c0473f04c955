"""The default routes of every table, from which next hops are learned."""

from functools import cache, partial

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.policy import Family
from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink.framing import Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import (
    NameOf,
    defaults_of_every_table,
    every_table,
    kernel_route,
)


async def default_routes(
    family: Family, name_of: NameOf, discarded: Discarded
) -> tuple[KernelRoute, ...]:
    """The default routes of every table, whoever wrote them.

    Others run in between while a long dump goes on. Raises KernelError, OSError.
    """
    name_of = cache(name_of)

    def default_route(message: Message) -> KernelRoute | None:
        route = kernel_route(message, name_of)
        return route if route is not None and route.default else None

    build = partial(every_table, family)
    found = await exchange.read(build, default_route, discarded, cut=defaults_of_every_table)
    return tuple(found)
