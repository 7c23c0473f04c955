"""The default routes of every table, from which next hops are learned."""

import errno
from functools import cache, partial

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink.exchange import KernelError
from route_switcher.kernel.rtnetlink.framing import Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import (
    NameOf,
    defaults_of_every_table,
    every_table,
    kernel_route,
)

_NO_SUCH_FAMILY = frozenset((errno.EAFNOSUPPORT, errno.EOPNOTSUPP))


async def default_routes(
    family: Family, name_of: NameOf, discarded: Discarded, protocol: int = 0
) -> tuple[KernelRoute, ...]:
    """The default routes of every table, whoever wrote them; only those of `protocol`, unless that
    is 0.

    Others run in between while a long dump goes on. Raises KernelError, OSError.
    """
    name_of = cache(name_of)

    def default_route(message: Message) -> KernelRoute | None:
        route = kernel_route(message, name_of)
        # A kernel may lack the filter (before Linux 4.20), or the family: then it tells of more.
        fits = route is not None and route.family is family and protocol in (0, route.protocol)
        return route if fits and route is not None and route.default else None

    build = partial(every_table, family, protocol=protocol)
    try:
        found = await exchange.read(build, default_route, discarded, cut=defaults_of_every_table)
    except KernelError as error:
        if error.code not in _NO_SUCH_FAMILY:
            raise
        return ()
    return tuple(found)
