"""Classic BPF on a socket: the kernel drops what nobody wants before it is queued.

A dropped packet wakes nobody, costs no read, and takes no room in the receive buffer. See the
kernel's Documentation/networking/filter.rst.
"""

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import TypeAlias

_SO_ATTACH_FILTER = 26

Instruction: TypeAlias = tuple[int, int, int, int]
"""Code, jump if true, jump if false (both relative to the next instruction), operand."""

LOAD_BYTE = 0x30  # BPF_LD | BPF_B | BPF_ABS
LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
LOAD_HALF = 0x28  # BPF_LD | BPF_H | BPF_ABS
LOAD_LENGTH = 0x80  # BPF_LD | BPF_W | BPF_LEN
LOAD_HALF_AFTER_X = 0x48  # BPF_LD | BPF_H | BPF_IND
LOAD_WORD_AFTER_X = 0x40  # BPF_LD | BPF_W | BPF_IND
SET_X = 0x01  # BPF_LDX | BPF_W | BPF_IMM
SET_X_TO_IPV4_HEADER = 0xB1  # BPF_LDX | BPF_B | BPF_MSH
SUBTRACT_X = 0x1C  # BPF_ALU | BPF_SUB | BPF_X
JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

WHOLE = 0xFFFFFFFF
"""Returned: keep the whole packet."""
NOTHING = 0
"""Returned: drop it."""


def attach(sock: socket.socket, program: Sequence[Instruction]) -> bool:
    """Attach `program` to `sock`, in place of one that it has; whether the kernel took it."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("HP", len(program), ctypes.addressof(buffer))
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
    except OSError:
        return False
    return True
