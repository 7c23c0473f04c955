"""Packet filters that keep routes other than defaults out of the monitor's socket.

A BGP session that comes up changes a million routes. Dropped by the kernel, before they are
queued, these messages cost us no wake-up and cannot overrun the receive buffer.

The kernel hands every route message over in a datagram of its own, so the filter looks at the
first message only.
"""

import socket
import sys
from collections.abc import Collection

from route_switcher import packet_filter
from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.kernel.rtnetlink.framing import (
    DST_LEN_OFFSET,
    MAIN_TABLE,
    PROTOCOL_OFFSET,
    RTM_DELROUTE,
    RTM_NEWROUTE,
    TABLE_OFFSET,
)
from route_switcher.packet_filter import JUMP_IF_EQUAL, LOAD_BYTE, LOAD_HALF, RETURN, Instruction

_TYPE_OFFSET = 4


def _as_loaded(value: int) -> int:
    """BPF loads big-endian; netlink headers are in the byte order of the host."""
    return int.from_bytes(value.to_bytes(2, sys.byteorder), "big")


_MAIN_ONLY = (
    (LOAD_HALF, 0, 0, _TYPE_OFFSET),
    (JUMP_IF_EQUAL, 1, 0, _as_loaded(RTM_NEWROUTE)),
    (JUMP_IF_EQUAL, 0, 4, _as_loaded(RTM_DELROUTE)),
    (LOAD_BYTE, 0, 0, DST_LEN_OFFSET),
    (JUMP_IF_EQUAL, 0, 3, 0),
    (LOAD_BYTE, 0, 0, TABLE_OFFSET),
    (JUMP_IF_EQUAL, 0, 1, MAIN_TABLE),
    (RETURN, 0, 0, packet_filter.WHOLE),
    (RETURN, 0, 0, packet_filter.NOTHING),
)
_EVERY_TABLE = (
    (LOAD_HALF, 0, 0, _TYPE_OFFSET),
    (JUMP_IF_EQUAL, 1, 0, _as_loaded(RTM_NEWROUTE)),
    (JUMP_IF_EQUAL, 0, 2, _as_loaded(RTM_DELROUTE)),
    (LOAD_BYTE, 0, 0, DST_LEN_OFFSET),
    (JUMP_IF_EQUAL, 0, 1, 0),
    (RETURN, 0, 0, packet_filter.WHOLE),
    (RETURN, 0, 0, packet_filter.NOTHING),
)


def _with_prefixes(lengths: Collection[int]) -> tuple[Instruction, ...]:
    """Lets in defaults of every table, ours to any prefix, and all to prefixes of these lengths."""
    accepted = sorted({0, *lengths})
    compared = tuple(
        (JUMP_IF_EQUAL, len(accepted) - n, 0, length) for n, length in enumerate(accepted)
    )
    return (
        (LOAD_HALF, 0, 0, _TYPE_OFFSET),
        (JUMP_IF_EQUAL, 1, 0, _as_loaded(RTM_NEWROUTE)),
        (JUMP_IF_EQUAL, 0, len(accepted) + 4, _as_loaded(RTM_DELROUTE)),
        (LOAD_BYTE, 0, 0, PROTOCOL_OFFSET),
        (JUMP_IF_EQUAL, len(accepted) + 2, 0, PROTOCOL),
        (LOAD_BYTE, 0, 0, DST_LEN_OFFSET),
        *compared,
        (RETURN, 0, 0, packet_filter.NOTHING),
        (RETURN, 0, 0, packet_filter.WHOLE),
    )


def attach(
    channel: socket.socket, *, every_table: bool = False, lengths: Collection[int] = ()
) -> bool:
    """Attach the filter that lets defaults of the main table in, or those of every table, in place
    of one that `channel` has; whether the kernel took it. With `lengths` also routes to prefixes of
    these lengths, and all of ours."""
    if lengths:
        return packet_filter.attach(channel, _with_prefixes(lengths))
    return packet_filter.attach(channel, _EVERY_TABLE if every_table else _MAIN_ONLY)
