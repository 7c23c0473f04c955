"""Picks out of a dump, or of the news, the default routes and those to prefixes that matter.

A route that carries our protocol number matters whatever it leads to. Of others, only those of some
lengths do: that tells the fixed header (struct rtmsg), before anything is built.
"""

from collections.abc import Collection, Iterator

from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.kernel.rtnetlink.exchange import Cut
from route_switcher.kernel.rtnetlink.framing import (
    DST_LEN_OFFSET,
    HEADER,
    NLM_F_DUMP_INTR,
    PROTOCOL_OFFSET,
    ROUTE_HEADER_SIZE,
    RTM_DELROUTE,
    RTM_NEWROUTE,
    Discarded,
    Message,
)

_ROUTE_KINDS = frozenset((RTM_NEWROUTE, RTM_DELROUTE))


def ours_of(cut: Cut) -> Cut:
    """As `cut`, without the routes of others: a table may have thousands of their default routes,
    and to put back ours must not take longer for it."""

    def cut_ours(datagram: bytes, discarded: Discarded) -> Iterator[Message]:
        for message in cut(datagram, discarded):
            if (
                message.kind not in _ROUTE_KINDS
                or message.flags & NLM_F_DUMP_INTR
                or len(message.data) < HEADER.size + ROUTE_HEADER_SIZE
                or message.data[PROTOCOL_OFFSET] == PROTOCOL
            ):
                yield message

    return cut_ours


def with_prefixes(lengths: Collection[int]) -> Cut:
    """As `framing.split`, for every table: the messages without foreign routes to prefixes of other
    lengths."""
    lengths = frozenset(lengths) | {0}

    def cut(datagram: bytes, discarded: Discarded) -> Iterator[Message]:
        start, end = 0, len(datagram)
        while end - start >= HEADER.size:
            length, kind, flags, sequence, _ = HEADER.unpack_from(datagram, start)
            if not HEADER.size <= length <= end - start:
                break
            if (
                kind not in _ROUTE_KINDS
                or flags & NLM_F_DUMP_INTR
                or length < HEADER.size + ROUTE_HEADER_SIZE
                or datagram[start + DST_LEN_OFFSET] in lengths
                or datagram[start + PROTOCOL_OFFSET] == PROTOCOL
            ):
                yield Message(kind, flags, sequence, datagram[start : start + length])
            start += (length + 3) & ~3
        if start < end:
            discarded.malformed += 1

    return cut
