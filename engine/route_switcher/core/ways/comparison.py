"""What the kernel's answer means, held against the way that is meant."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute
from route_switcher.core.vocabulary.lookups import Answer, Refused, Unanswered
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Address

_KERNEL = 2
"""The rtnetlink protocol of routes to connected networks."""
_LARGEST_NETWORK = 8
"""Bits. A route by the device alone with a shorter prefix is no connected network."""
_MISSING_INTERFACE = 19
_NOT_PERMITTED = 1
"""ENODEV and EPERM: they say nothing of the way."""


class Difference(Enum):
    """In what the way differs from what is meant; the values are words for it."""

    REFUSED = "nowhere"
    OURSELVES = "to this machine itself"
    OTHER_UPLINK = "through another uplink"
    OTHER_GATEWAY = "through another gateway"
    OTHER_TABLE = "by another table"
    OTHER_SOURCE = "from an address of another uplink"
    NO_UPLINK = "through an interface that is no uplink"


@dataclass(frozen=True, slots=True)
class Meant:
    """The way that packets should take."""

    interface: str
    gateway: Address | None
    table: int | None = None
    """The table whose default route should lead them; None: it does not matter."""
    bound: bool = False
    """They come from a socket that is bound to the interface."""


@dataclass(frozen=True, slots=True)
class Uplinks:
    """The uplinks of one family, as far as a comparison needs them."""

    interfaces: Collection[str]
    addresses: Mapping[Address, frozenset[str]]
    """The interfaces that have an address: two modems of one make may give the same."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The way differs."""

    difference: Difference
    answer: KernelRoute | Refused
    hop: KernelHop | None = None
    """Where packets go instead."""


def compare(answer: Answer, meant: Meant, uplinks: Uplinks) -> Wrong | None:
    """In what `answer` differs from what is meant; None: in nothing, or nothing is known."""
    match answer:
        case Unanswered():
            return None
        case Refused():
            silent = answer.code in (_MISSING_INTERFACE, _NOT_PERMITTED)
            return None if silent else Wrong(Difference.REFUSED, answer)
        case KernelRoute():
            return _compare_route(answer, meant, uplinks)
        case _:
            assert_never(answer)


def _compare_route(route: KernelRoute, meant: Meant, uplinks: Uplinks) -> Wrong | None:
    if route.kind is RouteKind.LOCAL:
        return Wrong(Difference.OURSELVES, route)
    if route.kind is not RouteKind.UNICAST:
        return None
    hops = [hop for hop in route.hops if not hop.dead]
    if meant.bound:
        hops = [hop for hop in hops if hop.interface == meant.interface] or hops
    for hop in hops:
        difference = _of_hop(route, hop, meant, uplinks)
        if difference is not None:
            return Wrong(difference, route, hop)
    owners = _owners(route, uplinks)
    if meant.bound and owners and meant.interface not in owners:
        return Wrong(Difference.OTHER_SOURCE, route, hops[0] if hops else None)
    if route.default and meant.table not in (None, route.table):
        return Wrong(Difference.OTHER_TABLE, route, hops[0] if hops else None)
    return None


def _of_hop(
    route: KernelRoute, hop: KernelHop, meant: Meant, uplinks: Uplinks
) -> Difference | None:
    if (hop.interface, hop.gateway) == (meant.interface, meant.gateway):
        return None
    if _is_neighbours(route, hop) and (not meant.bound or hop.interface == meant.interface):
        return None
    if hop.interface == meant.interface:
        return Difference.OTHER_GATEWAY
    other = hop.interface in uplinks.interfaces
    return Difference.OTHER_UPLINK if other else Difference.NO_UPLINK


def _is_neighbours(route: KernelRoute, hop: KernelHop) -> bool:
    """Whether it leads to a network that this machine is connected to."""
    if hop.gateway is not None or route.default:
        return False
    whole = 32 if route.family.value == 4 else 128
    return route.protocol == _KERNEL or _LARGEST_NETWORK <= route.prefix_length < whole


def _owners(route: KernelRoute, uplinks: Uplinks) -> frozenset[str]:
    """The interfaces of uplinks from whose address packets are sent; none: not known."""
    source = route.source
    return frozenset() if source is None else uplinks.addresses.get(source, frozenset())
