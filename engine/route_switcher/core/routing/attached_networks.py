"""The networks that this machine is attached to: no route of ours may lead to one of them.

In IPv6 the kernel's own route to a network has metric 256, so one of ours would take its place, and
the neighbours would be looked for at the provider.
"""

from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import Route

_KERNEL = 2  # RTPROT_KERNEL, rtnetlink(7)


def leads_to_neighbours(route: Route) -> bool:
    """Whether the kernel made this route, for a network of an address."""
    return (
        route.protocol == _KERNEL
        and route.destination is not None
        and route.table == MAIN_TABLE
        and route.gateway is None
        and route.leads_on
    )
