"""A packet filter that keeps routes other than defaults out of the monitor's socket.

A BGP session that comes up changes a million routes. Dropped by the kernel, before they are
queued, these messages cost us no wake-up and cannot overrun the receive buffer.

Classic BPF, see the kernel's Documentation/networking/filter.rst. The kernel hands every route
message over in a datagram of its own, so the filter looks at the first message only.
"""

import ctypes
import socket
import struct
import sys

from route_switcher.kernel.framing import (
    DST_LEN_OFFSET,
    MAIN_TABLE,
    RTM_DELROUTE,
    RTM_NEWROUTE,
    TABLE_OFFSET,
)

_SO_ATTACH_FILTER = 26
_TYPE_OFFSET = 4

_LOAD_HALF = 0x28  # BPF_LD | BPF_H | BPF_ABS
_LOAD_BYTE = 0x30  # BPF_LD | BPF_B | BPF_ABS
_JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_WHOLE = 0xFFFFFFFF


def _as_loaded(value: int) -> int:
    """BPF loads big-endian; netlink headers are in the byte order of the host."""
    return int.from_bytes(value.to_bytes(2, sys.byteorder), "big")


# Each: code, jump if true, jump if false (both relative to the next instruction), operand.
_PROGRAM = (
    (_LOAD_HALF, 0, 0, _TYPE_OFFSET),
    (_JUMP_IF_EQUAL, 1, 0, _as_loaded(RTM_NEWROUTE)),
    (_JUMP_IF_EQUAL, 0, 4, _as_loaded(RTM_DELROUTE)),
    (_LOAD_BYTE, 0, 0, DST_LEN_OFFSET),
    (_JUMP_IF_EQUAL, 0, 3, 0),
    (_LOAD_BYTE, 0, 0, TABLE_OFFSET),
    (_JUMP_IF_EQUAL, 0, 1, MAIN_TABLE),
    (_RETURN, 0, 0, _WHOLE),
    (_RETURN, 0, 0, 0),
)


def attach(channel: socket.socket) -> bool:
    """Attach the filter to `channel`; whether the kernel took it."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in _PROGRAM)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(_PROGRAM), ctypes.addressof(buffer))
    try:
        channel.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    except OSError:
        return False
    return True
