"""Asks the real kernel for one way, between the two uplinks of the kernel tests and the clients."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeAlias

import pytest

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import Answer, Lookup, Refused
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink.framing import Discarded
from route_switcher.kernel.rtnetlink.lookups import answers
from route_switcher.kernel.rtnetlink.names import index_of, own_name

Ip: TypeAlias = Callable[..., None]
"""The fixture `ip`."""
Sysctl: TypeAlias = Callable[[str, int], None]
"""The fixture `sysctl`."""

BOTH = pytest.mark.parametrize("family", list(Family), ids=str)
FLAGS = {Family.IPV4: "-4", Family.IPV6: "-6"}
TARGETS = {
    Family.IPV4: ip_address("203.0.113.9"),
    Family.IPV6: ip_address("2001:db8:ffff::9"),
}
GATEWAYS = {
    Family.IPV4: tuple(map(ip_address, ("198.51.100.1", "198.51.100.129"))),
    Family.IPV6: tuple(map(ip_address, ("2001:db8:0::1", "2001:db8:1::1"))),
}
CLIENTS = {
    Family.IPV4: ip_address("203.0.113.130"),
    Family.IPV6: ip_address("2001:db8:a::9"),
}
_PATIENCE = 60.0


async def ask(lookup: Lookup) -> Answer:
    """What the kernel says, however busy it is."""
    return (await answers([lookup], index_of, own_name, Discarded(), _PATIENCE))[lookup]


async def way(lookup: Lookup) -> KernelRoute:
    """The route that the kernel would take; it must not refuse."""
    answer = await ask(lookup)
    assert isinstance(answer, KernelRoute), answer
    return answer


async def refusal(lookup: Lookup) -> Refused:
    """Why the kernel would take none; it must refuse."""
    answer = await ask(lookup)
    assert isinstance(answer, Refused), answer
    return answer


async def leaves_by(lookup: Lookup) -> tuple[str, int]:
    """The interface and the table."""
    found = await way(lookup)
    (hop,) = found.hops
    return hop.interface, found.table
