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
ROUTE_HEADER_SIZE = 12
MAIN_TABLE = 254
"""RT_TABLE_MAIN. Its number fits in the fixed header, so no attribute need be read to know it."""

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


def _may_be_default(datagram: bytes, start: int, length: int) -> bool:
    return (
        length >= HEADER.size + ROUTE_HEADER_SIZE
        and datagram[start + DST_LEN_OFFSET] == 0
        and datagram[start + TABLE_OFFSET] == MAIN_TABLE
    )
