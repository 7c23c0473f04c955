"""Builds requests about routes and reads the answers to them; the bytes are `codec`'s.

Numbers are those of linux/rtnetlink.h and linux/netlink.h.
"""

import sys
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6
from typing import Any

from route_switcher.core.vocabulary.policy import Address, Family
from route_switcher.core.vocabulary.routes import PROTOCOL, Change, Route, RouteKind
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
_FAMILIES = {int(number): family for family, number in _AF.items()}

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
_KINDS = {number: kind for kind, number in _TYPES.items() if number}

_DEAD_ENDS = frozenset((6, 7, 8, 9))
"""IPv6, and a nexthop object, shows these with the loopback interface, IPv4 with none."""

_RTNH_F_ONLINK = 4

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
    """A default route of the main table as the kernel tells it."""

    family: Family
    metric: int
    protocol: int
    kind: RouteKind
    hops: tuple[Hop, ...]
    nexthop: int = 0
    """The number of the nexthop object that it leads through; 0: none."""


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
    message["table"] = MAIN_TABLE
    message["proto"] = route.protocol
    message["scope"] = _SCOPE_NOWHERE if deletion else _SCOPE_UNIVERSE
    message["type"] = _TYPES[route.kind]
    message["flags"] = _RTNH_F_ONLINK if route.onlink else 0
    message["attrs"] = [("RTA_PRIORITY", route.metric)]
    if index:
        message["attrs"].append(("RTA_OIF", index))
    if route.gateway is not None:
        message["attrs"].append(("RTA_GATEWAY", route.gateway.packed))
    kind = _RTM_DELROUTE if deletion else RTM_NEWROUTE
    return encoded(message, kind, _NLM_F_ACK | _CHANGE_FLAGS[change], sequence)


def route_dump(family: Family, ours_only: bool, sequence: int) -> bytes:
    """The request for every route of the main table; only ours where the kernel can filter."""
    message = RouteMessage()
    message["family"] = _AF[family]
    message["table"] = MAIN_TABLE
    message["proto"] = PROTOCOL if ours_only else 0
    return encoded(message, _RTM_GETROUTE, _NLM_F_DUMP, sequence)


def default_route(message: Message) -> DefaultRoute | None:
    """The default route that `message` tells of; None if it is about anything else.

    Routes for one type of service or for one source prefix only are no default routes.

    Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWROUTE:
        return None
    fields = decoded(RouteMessage, message)
    family = _FAMILIES.get(fields["family"])
    if family is None or fields["table"] != MAIN_TABLE:
        return None
    if fields["dst_len"] or fields["src_len"] or fields["tos"]:
        return None
    return DefaultRoute(
        family=family,
        metric=_number(fields, "RTA_PRIORITY"),
        protocol=fields["proto"],
        kind=_KINDS.get(fields["type"], RouteKind.OTHER),
        hops=_hops(family, fields),
        nexthop=_number(fields, "RTA_NH_ID"),
    )


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


def _number(fields: Any, attribute: str) -> int:
    value = fields.get_attr(attribute, 0)
    if not isinstance(value, int):
        raise MalformedMessageError(f"{attribute} is no number")
    return value


def _hops(family: Family, fields: Any) -> tuple[Hop, ...]:
    """A route that refers to a nexthop object may tell no hop: then one without an interface."""
    if fields["type"] in _DEAD_ENDS:
        return (Hop(0, None),)
    multipath = fields.get_attr("RTA_MULTIPATH")
    if multipath is None:
        index = _number(fields, "RTA_OIF")
        return (Hop(index, _gateway(family, fields), _onlink(fields["flags"])),)
    if not isinstance(multipath, list):
        raise MalformedMessageError("RTA_MULTIPATH is no list")
    return tuple(Hop(hop["oif"], _gateway(family, hop), _onlink(hop["flags"])) for hop in multipath)


def _onlink(flags: int) -> bool:
    return bool(flags & _RTNH_F_ONLINK)


def _gateway(family: Family, fields: Any) -> Address | None:
    raw = fields.get_attr("RTA_GATEWAY")
    via = fields.get_attr("RTA_VIA")  # a gateway of the other family, behind its family's number
    try:
        if raw is not None:
            return _address(family, raw)
        if via is not None:
            return _address(_FAMILIES[int.from_bytes(via[:2], sys.byteorder)], via[2:])
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedMessageError("no gateway can be read") from error
    return None


def _address(family: Family, raw: bytes) -> Address:
    return IPv4Address(raw) if family is Family.IPV4 else IPv6Address(raw)
