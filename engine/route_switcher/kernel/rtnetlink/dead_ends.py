"""Finds routes that let nothing through (blackhole and its like) and cover a destination."""

import errno
from collections.abc import Collection, Iterator
from functools import partial
from ipaddress import ip_network

from route_switcher.core.vocabulary.policy import Address, Family
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.ways import DeadEnd
from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink.attributes import (
    NLM_F_DUMP,
    attributes,
    fixed,
    number,
    request,
)
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import KernelError
from route_switcher.kernel.rtnetlink.framing import HEADER, RTM_NEWROUTE, Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import (
    AF,
    FAMILIES,
    ROUTE,
    RTA_PRIORITY,
    RTA_TABLE,
    RTM_GETROUTE,
    address,
)

_RTA_DST = 1
_TYPE_OFFSET = HEADER.size + 7
_SIZES = {Family.IPV4: 4, Family.IPV6: 16}
_TYPES = {
    6: RouteKind.BLACKHOLE,
    7: RouteKind.UNREACHABLE,
    8: RouteKind.PROHIBIT,
    9: RouteKind.THROW,
}


async def dead_ends(
    family: Family, destinations: Collection[Address], discarded: Discarded
) -> tuple[DeadEnd, ...]:
    """Those of every table that cover one of `destinations`.

    The kernel looks through all tables for each kind, and tells of that kind only (strict checks,
    Linux 4.20); an older one tells of every route.
    """
    found: dict[DeadEnd, None] = {}
    for kind in _TYPES:
        build = partial(_dump, family, kind)
        parse = partial(_dead_end, destinations)
        try:
            found |= dict.fromkeys(await exchange.read(build, parse, discarded, cut=_routes))
        except KernelError as error:
            if error.code not in (errno.ENOENT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP):
                raise
    return tuple(found)


def _dump(family: Family, kind: int, sequence: int) -> bytes:
    body = ROUTE.pack(AF[family], 0, 0, 0, 0, 0, 0, kind, 0)
    return request(RTM_GETROUTE, NLM_F_DUMP, sequence, body)


def _routes(datagram: bytes, discarded: Discarded) -> Iterator[Message]:
    """The messages of `datagram`, without routes of other kinds."""
    start, end = 0, len(datagram)
    while end - start >= HEADER.size:
        length, kind, flags, sequence, _ = HEADER.unpack_from(datagram, start)
        if not HEADER.size <= length <= end - start:
            break
        at = start + _TYPE_OFFSET
        if kind != RTM_NEWROUTE or at >= end or datagram[at] in _TYPES:
            yield Message(kind, flags, sequence, datagram[start : start + length])
        start += (length + 3) & ~3
    if start < end:
        discarded.malformed += 1


def _dead_end(destinations: Collection[Address], message: Message) -> DeadEnd | None:
    """The one that `message` tells of; None if it is about anything else, or covers none of
    `destinations`. Raises MalformedMessageError."""
    if message.kind != RTM_NEWROUTE:
        return None
    number_of, length, _, _, table, protocol, _, kind, _ = fixed(ROUTE, message)
    family = FAMILIES.get(number_of)
    if family is None or kind not in _TYPES:
        return None
    told = dict(attributes(message.data, HEADER.size + ROUTE.size))
    raw = told.get(_RTA_DST, bytes(_SIZES[family]))
    try:
        destination = ip_network((address(family, raw), length))
    except ValueError as error:
        raise MalformedMessageError(str(error)) from error
    if not any(each in destination for each in destinations):
        return None
    return DeadEnd(
        _TYPES[kind],
        destination,
        number(told[RTA_TABLE]) if RTA_TABLE in told else table,
        number(told[RTA_PRIORITY]) if RTA_PRIORITY in told else 0,
        protocol,
    )
