"""What the kernel tells of a route of any table, read with `struct` (rtnetlink(7)).

Numbers are those of linux/rtnetlink.h.
"""

import os
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6
from typing import TypeAlias

from route_switcher.core.vocabulary.kernel_routes import (
    KernelHop,
    KernelRoute,
    RouterPreference,
    RouteScope,
)
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.kernel.rtnetlink.attributes import (
    NLM_F_DUMP,
    attributes,
    fixed,
    number,
    request,
)
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.framing import (
    HEADER,
    NLM_F_DUMP_INTR,
    RTM_NEWROUTE,
    Discarded,
    Message,
)

NameOf: TypeAlias = Callable[[int], str]
"""The name of the interface with an index; empty if there is none."""

RTM_GETROUTE = 26

ROUTE = struct.Struct("=BBBBBBBBI")
"""struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags."""
_NEXT_HOP = struct.Struct("=HBBI")  # struct rtnexthop: length, flags, hops, index
_CACHE_INFO = struct.Struct("=IIiIIII")  # struct rta_cacheinfo; the third field is the expiry

RTA_DST = 1
RTA_OIF = 4
RTA_GATEWAY = 5
RTA_PRIORITY = 6
RTA_PREFSRC = 7
RTA_METRICS = 8
RTA_MULTIPATH = 9
RTA_CACHEINFO = 12
RTA_TABLE = 15
RTA_VIA = 18
RTA_PREF = 20
RTA_NH_ID = 30
_RTAX_MTU = 2

_RTNH_F_DEAD = 0x1
RTNH_F_ONLINK = 0x4
_RTNH_F_LINKDOWN = 0x10
_RTM_F_CLONED = 0x200

_USER_HZ = os.sysconf("SC_CLK_TCK")
"""Ticks a second in what the kernel tells (time(7))."""

AF = {Family.IPV4: int(AF_INET), Family.IPV6: int(AF_INET6)}
FAMILIES = {number: family for family, number in AF.items()}
_SIZES = {Family.IPV4: 4, Family.IPV6: 16}

_KINDS = {
    1: RouteKind.UNICAST,
    2: RouteKind.LOCAL,
    3: RouteKind.BROADCAST,
    4: RouteKind.ANYCAST,
    5: RouteKind.MULTICAST,
    6: RouteKind.BLACKHOLE,
    7: RouteKind.UNREACHABLE,
    8: RouteKind.PROHIBIT,
    9: RouteKind.THROW,
}
_DEAD_ENDS = frozenset(
    (RouteKind.BLACKHOLE, RouteKind.UNREACHABLE, RouteKind.PROHIBIT, RouteKind.THROW)
)
"""IPv6, and a nexthop object, shows these with the loopback interface, IPv4 with none."""

_SCOPES = {
    0: RouteScope.UNIVERSE,
    200: RouteScope.SITE,
    253: RouteScope.LINK,
    254: RouteScope.HOST,
    255: RouteScope.NOWHERE,
}
_PREFERENCES = {1: RouterPreference.HIGH, 3: RouterPreference.LOW}


def every_table(family: Family, sequence: int, protocol: int = 0) -> bytes:
    """The request for the routes of every table; only those of `protocol`, unless that is 0, where
    the kernel can filter."""
    body = ROUTE.pack(AF[family], *(0,) * 4, protocol, *(0,) * 3)
    return request(RTM_GETROUTE, NLM_F_DUMP, sequence, body)


def defaults_of_every_table(datagram: bytes, discarded: Discarded) -> Iterator[Message]:
    """The messages of `datagram` without routes that are no defaults, told by the fixed header.

    As `framing.split`, for every table. For a full BGP table, looking for a header of a default is
    all that most datagrams cost.
    """
    if _has_no_default(datagram):
        return
    start, end = 0, len(datagram)
    unpack, header_size, dst_len_at = HEADER.unpack_from, HEADER.size, HEADER.size + 1
    while end - start >= header_size:
        length, kind, flags, sequence, _ = unpack(datagram, start)
        if not header_size <= length <= end - start:
            break
        if kind != RTM_NEWROUTE or length <= dst_len_at or not datagram[start + dst_len_at]:
            yield Message(kind, flags, sequence, datagram[start : start + length])
        start += (length + 3) & ~3
    if start < end:
        discarded.malformed += 1


def _has_no_default(datagram: bytes) -> bool:
    """Whether a datagram of a dump holds nothing but routes with a prefix, in one piece.

    All its messages have the same sequence, port and family, which stand right before the lengths
    of the prefixes. Where the last one ends the dump, or the first says that it was interrupted,
    the datagram must be read. False where it cannot be told.
    """
    if len(datagram) < HEADER.size + ROUTE.size:
        return False
    _, kind, flags, _, _ = HEADER.unpack_from(datagram)
    same = datagram[8 : HEADER.size]
    if kind != RTM_NEWROUTE or flags & NLM_F_DUMP_INTR:
        return False
    if same + datagram[HEADER.size : HEADER.size + 1] + b"\0\0" in datagram:
        return False
    last = datagram.rfind(same)
    return datagram[last - 4 : last - 2] == datagram[4:6]


def kernel_route(message: Message, name_of: NameOf) -> KernelRoute | None:
    """The route that `message` tells of; None if it is about anything else.

    None, too, for a route for one type of service or one source prefix only: it is not for all
    packets to its destination. Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWROUTE:
        return None
    number_of, prefix_length, src_len, tos, table, protocol, scope, kind_number, flags = fixed(
        ROUTE, message
    )
    family = FAMILIES.get(number_of)
    # An answer to a question with a source repeats that source: it has no `tos` and a whole one.
    if family is None or tos or (src_len and src_len != 8 * _SIZES[family]):
        return None
    told = dict(attributes(message.data, HEADER.size + ROUTE.size))
    kind = _KINDS.get(kind_number, RouteKind.OTHER)
    return KernelRoute(
        family=family,
        table=_number(told, RTA_TABLE, table),
        protocol=protocol,
        kind=kind,
        scope=_SCOPES.get(scope, RouteScope.OTHER),
        metric=_number(told, RTA_PRIORITY, 0),
        hops=() if kind in _DEAD_ENDS else _hops(family, flags, told, name_of),
        prefix_length=prefix_length,
        source=address(family, told[RTA_PREFSRC]) if RTA_PREFSRC in told else None,
        mtu=_mtu(told),
        expires=_expires(told),
        preference=_PREFERENCES.get(_byte(told, RTA_PREF), RouterPreference.MEDIUM),
        nexthop=_number(told, RTA_NH_ID, 0),
        for_one_flow=bool(flags & _RTM_F_CLONED),
    )


def address(family: Family, raw: bytes) -> Address:
    """The address in `raw`. Raises MalformedMessageError."""
    if len(raw) != _SIZES[family]:
        raise MalformedMessageError(f"{len(raw)} bytes are no address")
    return IPv4Address(raw) if family is Family.IPV4 else IPv6Address(raw)


def _number(told: Mapping[int, bytes], kind: int, absent: int) -> int:
    return number(told[kind]) if kind in told else absent


def _byte(told: Mapping[int, bytes], kind: int) -> int:
    value = told.get(kind, b"\0")
    if len(value) != 1:
        raise MalformedMessageError(f"{len(value)} bytes are no number of 8 bits")
    return value[0]


def _mtu(told: Mapping[int, bytes]) -> int | None:
    metrics = dict(attributes(told.get(RTA_METRICS, b"")))
    return number(metrics[_RTAX_MTU]) if _RTAX_MTU in metrics else None


def _expires(told: Mapping[int, bytes]) -> float | None:
    """The kernel tells 0 for a route that stays, and in the last 10 ms of another."""
    raw = told.get(RTA_CACHEINFO)
    if raw is None:
        return None
    if len(raw) < _CACHE_INFO.size:
        raise MalformedMessageError(f"{len(raw)} bytes are no struct rta_cacheinfo")
    ticks = int(_CACHE_INFO.unpack_from(raw)[2])
    return ticks / _USER_HZ if ticks else None


def _hops(
    family: Family, flags: int, told: Mapping[int, bytes], name_of: NameOf
) -> tuple[KernelHop, ...]:
    multipath = told.get(RTA_MULTIPATH)
    if multipath is not None:
        return tuple(_multipath(family, multipath, name_of))
    if RTA_OIF not in told and RTA_GATEWAY not in told and RTA_VIA not in told:
        return ()
    return (_hop(family, _number(told, RTA_OIF, 0), flags, told, name_of),)


def _multipath(family: Family, data: bytes, name_of: NameOf) -> Iterator[KernelHop]:
    start = 0
    while start + _NEXT_HOP.size <= len(data):
        length, flags, _, index = _NEXT_HOP.unpack_from(data, start)
        if not _NEXT_HOP.size <= length <= len(data) - start:
            raise MalformedMessageError(f"a next hop of {length} bytes")
        told = dict(attributes(data[start : start + length], _NEXT_HOP.size))
        yield _hop(family, index, flags, told, name_of)
        start += (length + 3) & ~3


def _hop(
    family: Family, index: int, flags: int, told: Mapping[int, bytes], name_of: NameOf
) -> KernelHop:
    return KernelHop(
        interface=name_of(index) if index else "",
        gateway=_gateway(family, told),
        onlink=bool(flags & RTNH_F_ONLINK),
        linkdown=bool(flags & _RTNH_F_LINKDOWN),
        dead=bool(flags & _RTNH_F_DEAD),
    )


def _gateway(family: Family, told: Mapping[int, bytes]) -> Address | None:
    if RTA_GATEWAY in told:
        return address(family, told[RTA_GATEWAY])
    if RTA_VIA not in told:
        return None
    via = told[RTA_VIA]  # a gateway of the other family, behind its family's number
    other = FAMILIES.get(int.from_bytes(via[:2], sys.byteorder))
    if other is None:
        raise MalformedMessageError("a gateway of an unknown family")
    return address(other, via[2:])
