"""Builds requests about routes and reads the answers to them; the bytes are `codec`'s.

Numbers are those of linux/rtnetlink.h and linux/netlink.h.
"""

import sys
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_network
from socket import AF_INET, AF_INET6

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.routes import PROTOCOL, Change, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family, Prefix, family_of
from route_switcher.kernel.rtnetlink.attributes import attributes, number_attribute
from route_switcher.kernel.rtnetlink.codec import (
    DoneMessage,
    ErrorMessage,
    MalformedMessageError,
    RouteMessage,
    decoded,
    encoded,
)
from route_switcher.kernel.rtnetlink.framing import (
    HEADER,
    MAIN_TABLE,
    NLMSG_DONE,
    RTM_NEWROUTE,
    Message,
)
from route_switcher.kernel.rtnetlink.kernel_routes import ROUTE, RTA_DST, address, kernel_route

_NLM_F_ACK = 0x4
_NLM_F_DUMP = 0x300
_NLM_F_ACK_TLVS = 0x200
_CHANGE_FLAGS = {
    Change.ADD: 0x400 | 0x200,  # NLM_F_CREATE | NLM_F_EXCL
    Change.APPEND: 0x400 | 0x800,  # NLM_F_CREATE | NLM_F_APPEND
    Change.REPLACE: 0x400 | 0x100,  # NLM_F_CREATE | NLM_F_REPLACE
    Change.DELETE: 0,
}

_RTM_DELROUTE = 25
_RTM_GETROUTE = 26

_SCOPE_UNIVERSE = 0
_SCOPE_NOWHERE = 255
"""In a deletion: any scope."""

_AF = {Family.IPV4: AF_INET, Family.IPV6: AF_INET6}

_TYPES = {
    RouteKind.UNICAST: 1,
    RouteKind.LOCAL: 2,
    RouteKind.BROADCAST: 3,
    RouteKind.ANYCAST: 4,
    RouteKind.MULTICAST: 5,
    RouteKind.BLACKHOLE: 6,
    RouteKind.UNREACHABLE: 7,
    RouteKind.PROHIBIT: 8,
    RouteKind.THROW: 9,
    RouteKind.OTHER: 0,  # in a deletion: any type
}
_SRC_LEN_OFFSET = HEADER.size + 2

_RTNH_F_ONLINK = 4

_RTAX_MTU = 2
_RT_TABLE_COMPAT = 252
"""In the fixed header, of a table whose number does not fit there."""

_MAX_ERRNO = 4095
_BARE_ERROR_SIZE = 4 + 16
"""struct nlmsgerr: the error, and the header of the request."""
"""linux/err.h."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A next hop: an interface by its index, 0 where there is none."""

    index: int
    gateway: Address | None
    onlink: bool = False


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """A default route as the kernel tells it."""

    family: Family
    metric: int
    protocol: int
    kind: RouteKind
    hops: tuple[Hop, ...]
    nexthop: int = 0
    """The number of the nexthop object that it leads through; 0: none."""
    table: int = MAIN_TABLE
    source: Address | None = None
    """The address that packets are sent from, where the route says so."""
    mtu: int | None = None
    """Bytes, where the route says so."""
    destination: Prefix | None = None
    """None: it is a default route."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How a request ended: `code` is an errno, 0 for success; `text` is the kernel's own words."""

    code: int
    text: str


def route_change(change: Change, route: Route, index: int, sequence: int) -> bytes:
    """The request that adds or deletes `route` through the interface with that `index`."""
    deletion = change is Change.DELETE
    message = RouteMessage()
    message["family"] = _AF[route.family]
    message["table"] = _in_header(route.table)
    message["proto"] = route.protocol
    message["scope"] = _SCOPE_NOWHERE if deletion else _SCOPE_UNIVERSE
    message["type"] = _TYPES[route.kind]
    message["flags"] = _RTNH_F_ONLINK if route.onlink else 0
    message["attrs"] = [("RTA_PRIORITY", route.metric)]
    if route.destination is not None:
        message["dst_len"] = route.destination.prefixlen
        message["attrs"].append(("RTA_DST", route.destination.network_address.packed))
    if index:
        message["attrs"].append(("RTA_OIF", index))
    if route.gateway is not None:
        message["attrs"].append(_to_gateway(route.family, route.gateway))
    if route.table != MAIN_TABLE:
        message["attrs"].append(("RTA_TABLE", route.table))
    if route.source is not None:
        message["attrs"].append(("RTA_PREFSRC", route.source.packed))
    if route.mtu is not None:
        message["attrs"].append(("RTA_METRICS", number_attribute(_RTAX_MTU, route.mtu)))
    kind = _RTM_DELROUTE if deletion else RTM_NEWROUTE
    return encoded(message, kind, _NLM_F_ACK | _CHANGE_FLAGS[change], sequence)


def _to_gateway(family: Family, gateway: Address) -> tuple[str, bytes]:
    """A gateway of the other family stands behind its family's number (struct rtvia)."""
    if gateway.version == family.value:
        return "RTA_GATEWAY", gateway.packed
    number = int(_AF[family_of(gateway)])
    return "RTA_VIA", number.to_bytes(2, sys.byteorder) + gateway.packed


def route_dump(family: Family, ours_only: bool, table: int, sequence: int) -> bytes:
    """The request for every route of a table, 0 for all tables; only for ours where the kernel can
    filter."""
    message = RouteMessage()
    message["family"] = _AF[family]
    message["table"] = _in_header(table)
    message["proto"] = PROTOCOL if ours_only else 0
    if table not in (MAIN_TABLE, 0):
        message["attrs"] = [("RTA_TABLE", table)]
    return encoded(message, _RTM_GETROUTE, _NLM_F_DUMP, sequence)


def default_route(message: Message, also: Collection[Prefix] = ()) -> DefaultRoute | None:
    """The default route that `message` tells of, or one to a prefix that is ours or one of `also`;
    None if it is about anything else.

    Routes for one type of service or for one source prefix only are no default routes.

    Raises MalformedMessageError.
    """
    route = kernel_route(message, str)
    if route is None or message.data[_SRC_LEN_OFFSET]:
        return None
    destination = None if route.default else _destination(message, route)
    if destination is not None and route.protocol != PROTOCOL and destination not in also:
        return None
    hops = tuple(Hop(int(hop.interface or 0), hop.gateway, hop.onlink) for hop in route.hops)
    return DefaultRoute(
        family=route.family,
        metric=route.metric,
        protocol=route.protocol,
        kind=route.kind,
        hops=hops or (Hop(0, None),),
        nexthop=route.nexthop,
        table=route.table,
        source=route.source,
        mtu=route.mtu,
        destination=destination,
    )


def _destination(message: Message, route: KernelRoute) -> Prefix:
    told = dict(attributes(message.data, HEADER.size + ROUTE.size))
    if RTA_DST not in told:
        raise MalformedMessageError("a prefix without an address")
    return ip_network((address(route.family, told[RTA_DST]), route.prefix_length), strict=False)


def acknowledgement(message: Message) -> Acknowledgement:
    """How the request ended that `message` (NLMSG_ERROR or NLMSG_DONE) answers.

    Raises MalformedMessageError.
    """
    form = DoneMessage if message.kind == NLMSG_DONE else ErrorMessage
    explained = message.flags & _NLM_F_ACK_TLVS
    if form is ErrorMessage and not explained:
        # What follows is our request, if the kernel does not know NETLINK_CAP_ACK.
        message = _cut_off(message, HEADER.size + _BARE_ERROR_SIZE)
    fields = decoded(form, message)
    code = -int(fields["error"])
    if not 0 <= code <= _MAX_ERRNO:
        raise MalformedMessageError(f"{code} is no errno")
    words = fields.get_attr("NLMSGERR_ATTR_MSG") if explained else None
    text = words.rstrip(b"\0").decode(errors="replace") if isinstance(words, bytes) else ""
    return Acknowledgement(code, text.rstrip("."))


def _cut_off(message: Message, size: int) -> Message:
    length = min(size, len(message.data))
    return message._replace(data=length.to_bytes(4, sys.byteorder) + message.data[4:length])


def _in_header(table: int) -> int:
    """The number of a table in the fixed header, which has 8 bits for it."""
    return table if table < 256 else _RT_TABLE_COMPAT
