"""Finds routes that let nothing through (blackhole and its like) and cover a destination."""

import socket
from collections.abc import Collection, Iterator
from functools import partial
from ipaddress import ip_network

import trio

from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.core.vocabulary.ways import DeadEnd
from route_switcher.kernel.rtnetlink.attributes import (
    NLM_F_DUMP,
    attributes,
    fixed,
    number,
    request,
)
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import (
    RECEIVE_SIZE,
    KernelError,
    Replies,
    next_sequence,
    parsed,
    prepare,
)
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

_PATIENCE = 10.0
"""Seconds."""

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
    """Those of every table that cover one of `destinations`; none where that cannot be found out.

    The kernel looks through all tables for each kind, and tells of that kind only (strict checks,
    Linux 4.20); an older one tells of every route. That is one long system call (20 ms for 100,000
    routes), so a thread makes it.
    """
    read = partial(_read, family, tuple(destinations), discarded)
    try:
        return await trio.to_thread.run_sync(read, abandon_on_cancel=True)
    except (OSError, RuntimeError):  # no socket, or no thread: there is less to tell then
        return ()


def _read(
    family: Family, destinations: Collection[Address], discarded: Discarded
) -> tuple[DeadEnd, ...]:
    found: dict[DeadEnd, None] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as channel:
        channel.settimeout(_PATIENCE)
        prepare(channel)
        for kind in _TYPES:
            sequence = next_sequence()
            replies = Replies(sequence, discarded, _routes)
            channel.send(_dump(family, kind, sequence))
            try:
                while not replies.complete:
                    datagram, (sender, _) = channel.recvfrom(RECEIVE_SIZE)
                    replies.feed(datagram, sender)
            except KernelError:
                continue  # the kernel lacks the family, or has no such table
            found |= dict.fromkeys(parsed(replies, partial(_dead_end, destinations), discarded))
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
