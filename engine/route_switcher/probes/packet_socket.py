"""Sockets of whole packets on one interface (packet(7)), of which the kernel drops all but those
that a filter keeps."""

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import trio

from route_switcher import packet_filter
from route_switcher.missing_interfaces import is_there
from route_switcher.packet_filter import JUMP_IF_EQUAL, LOAD_BYTE, RETURN, Instruction
from route_switcher.probes import receive_buffer
from route_switcher.probes.interface import bind_to
from route_switcher.probes.stamps import SO_TIMESTAMPNS_NEW

ETHERNET = 1
"""ARPHRD_ETHER: the type of link whose hosts have addresses of six bytes."""

_SIOCGIFHWADDR = 0x8927  # netdevice(7)
_NAME_AND_ADDRESS = struct.Struct("=16sH6s16x")
_PACKET_TYPE = 0xFFFF_F000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE (linux/filter.h)
_OUTGOING = 4  # PACKET_OUTGOING


def open_packet_socket(
    interface: str, ethertype: int, kept: Sequence[Instruction], longest: int
) -> socket.socket:
    """A non-blocking socket that receives what `interface` receives of `ethertype`, without the
    header of the link, if the instructions `kept` jump past their end: `longest` bytes of it.

    What this machine sends itself is left out. Raises OSError, also where the kernel takes no
    filter: without one it would be handed all packets of the line.
    """
    # Python can hand over the address of a packet only by the name of the interface, in UTF-8.
    try:
        interface.encode()
    except UnicodeEncodeError:
        raise OSError(errno.EILSEQ, os.strerror(errno.EILSEQ)) from None
    # To close a packet socket takes a thread, and each round would try again.
    if not is_there(interface):
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    # Protocol 0: until it is bound, it receives nothing.
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        sock.setblocking(False)
        if not packet_filter.attach(sock, _program(kept, longest)):
            raise OSError(errno.EOPNOTSUPP, "it takes no filter")
        receive_buffer.enlarge(sock)
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        bind_to(sock, interface)
        sock.bind((interface, ethertype))
    except BaseException:
        close(sock)
        raise
    return sock


def close(sock: socket.socket) -> None:
    """Close a socket of a prober. For a packet socket the kernel waits until no processor can be
    using it any more (synchronize_net()): 16 ms, and up to 43 ms on a busy machine (measured). So a
    thread closes it."""
    if sock.family != socket.AF_PACKET:
        sock.close()
        return
    descriptor = sock.detach()
    try:
        trio.lowlevel.start_thread_soon(partial(os.close, descriptor), lambda _: None)
    except RuntimeError:  # no thread (threading)
        os.close(descriptor)


def link_address(sock: socket.socket, interface: str) -> tuple[int, bytes]:
    """The type of link that an interface is on, and its address there (any socket may ask).

    Raises OSError: ENODEV without the interface.
    """
    request = _NAME_AND_ADDRESS.pack(os.fsencode(interface), 0, b"")
    _, kind, address = _NAME_AND_ADDRESS.unpack(fcntl.ioctl(sock, _SIOCGIFHWADDR, request))
    return kind, address


def all_of(*loads: tuple[int, int, int]) -> tuple[Instruction, ...]:
    """Instructions that keep a packet where each load (code, offset) gives its value."""
    instructions: list[Instruction] = []
    for code, offset, value in loads:
        instructions.append((code, 0, 0, offset))
        # Past what is left of the instructions, then past the one that keeps it.
        left = 2 * (len(loads) - len(instructions) // 2 - 1)
        instructions.append((JUMP_IF_EQUAL, 0, left + 1, value))
    return tuple(instructions)


def _program(kept: Sequence[Instruction], longest: int) -> tuple[Instruction, ...]:
    return (
        (LOAD_BYTE, 0, 0, _PACKET_TYPE),
        (JUMP_IF_EQUAL, len(kept) + 1, 0, _OUTGOING),
        *kept,
        (RETURN, 0, 0, longest),
        (RETURN, 0, 0, packet_filter.NOTHING),
    )
