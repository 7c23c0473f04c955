"""Cuts what a netlink socket received into messages (struct nlmsghdr, netlink(7))."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

NLMSG_ERROR = 2
NLMSG_DONE = 3
RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_NEWADDR = 20
RTM_DELADDR = 21
RTM_NEWROUTE = 24
RTM_DELROUTE = 25

NLM_F_DUMP_INTR = 0x10

HEADER = struct.Struct("=IHHII")
DST_LEN_OFFSET = HEADER.size + 1
TABLE_OFFSET = HEADER.size + 4
PROTOCOL_OFFSET = HEADER.size + 5
ROUTE_HEADER_SIZE = 12
MAIN_TABLE = 254
"""RT_TABLE_MAIN. Its number fits in the fixed header, so no attribute need be read to know it."""

_RTA_DST = 1

_ROUTE_KINDS = frozenset((RTM_NEWROUTE, RTM_DELROUTE))


class Message(NamedTuple):
    """One netlink message; `data` begins with its header."""

    kind: int
    flags: int
    sequence: int
    data: bytes


@dataclass(slots=True)
class Discarded:
    """How many messages were dropped, and why."""

    malformed: int = 0
    not_from_kernel: int = 0


def split(datagram: bytes, discarded: Discarded) -> Iterator[Message]:
    """The messages of `datagram`, without the routes that are no default routes of the main table.

    Those are skipped here by their fixed header (struct rtmsg, rtnetlink(7)), before anything is
    built: a full BGP table has a million of them.
    """
    start, end = 0, len(datagram)
    while end - start >= HEADER.size:
        length, kind, flags, sequence, _ = HEADER.unpack_from(datagram, start)
        if not HEADER.size <= length <= end - start:
            break
        if (
            kind not in _ROUTE_KINDS
            or _may_be_default(datagram, start, length)
            or flags & NLM_F_DUMP_INTR
        ):
            yield Message(kind, flags, sequence, datagram[start : start + length])
        start += (length + 3) & ~3
    if start < end:
        discarded.malformed += 1


def past_ipv4_defaults(datagram: bytes) -> bool:
    """Whether no default route of IPv4 follows `datagram` in the dump that it belongs to.

    The kernel keeps the routes of a table in the order of their prefixes (net/ipv4/fib_trie.c, and
    a dump goes on after the last prefix that it told of). So 0.0.0.0/0 is among the first.
    """
    last = start = 0
    while start + HEADER.size <= len(datagram):
        last = start
        start += max(HEADER.size, (HEADER.unpack_from(datagram, start)[0] + 3) & ~3)
    at = last + HEADER.size + ROUTE_HEADER_SIZE
    if HEADER.unpack_from(datagram.ljust(HEADER.size, b"\0"), last)[1] != RTM_NEWROUTE:
        return False
    while at + 8 <= len(datagram):
        length, kind = struct.unpack_from("=HH", datagram, at)
        if kind == _RTA_DST:
            return any(datagram[at + 4 : at + 8])
        at += max(4, (length + 3) & ~3)
    return False


def _may_be_default(datagram: bytes, start: int, length: int) -> bool:
    return (
        length >= HEADER.size + ROUTE_HEADER_SIZE
        and datagram[start + DST_LEN_OFFSET] == 0
        and datagram[start + TABLE_OFFSET] == MAIN_TABLE
    )
