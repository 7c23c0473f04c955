"""TCP connections through one uplink, which are reset as soon as they are made."""

import errno
import os
import select
import socket
import struct

import trio

from route_switcher.core.probing.round import Request
from route_switcher.core.vocabulary.checks import Check, TcpConnect
from route_switcher.probes.pinned_socket import open_pinned
from route_switcher.probes.prober import Egress, ProberKind
from route_switcher.probes.reasons import told_by_network
from route_switcher.probes.separate_requests import SeparateRequests

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER (socket(7)): closing resets the connection, so that nothing of it is left."""

_RTT_OFFSET = 68
"""Of `tcpi_rtt` in struct tcp_info (linux/tcp.h): microseconds, four bytes."""
_RETRANSMITTED_OFFSET = 100
"""Of `tcpi_total_retrans`."""


class TcpProber(SeparateRequests):
    """Connects to one port of targets."""

    def __init__(self, egress: Egress, check: TcpConnect) -> None:
        super().__init__(egress)
        self._port = check.port
        self._refused_is_good = check.refused_is_good

    async def _ask_one(self, request: Request, deadline: float) -> float | None:
        try:
            with open_connection(self._egress, request.target.address, self._port) as sock:
                return await connected(sock, request.sent_at, deadline)
        except ConnectionRefusedError:
            if not self._refused_is_good:
                raise
            return trio.current_time() - request.sent_at


def open_connection(egress: Egress, address: str, port: int) -> socket.socket:
    """A pinned socket that is connecting to `address`; closing it resets the connection.

    Raises OSError; ConnectionRefusedError where the target is so near that it has refused.
    """
    sock = open_pinned(egress, socket.SOCK_STREAM, address)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        error = sock.connect_ex((address, port))
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, os.strerror(error))
    except BaseException:
        sock.close()
        raise
    return sock


async def connected(sock: socket.socket, sent_at: float, deadline: float) -> float | None:
    """Wait until `sock`, which began to connect at `sent_at`, is connected: the seconds that this
    took, or None: it is not by `deadline`.

    Raises OSError: ConnectionRefusedError if the target refuses, others as the kernel has them.
    """
    with trio.move_on_at(deadline):
        await trio.lowlevel.wait_writable(sock)
    # At the deadline too: what the kernel has by then counts, though we were woken late.
    waiting = select.poll()
    waiting.register(sock, select.POLLOUT)
    if not waiting.poll(0):
        return None
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise told_by_network(OSError(error, os.strerror(error)))
    return _took(sock, trio.current_time() - sent_at)


def _took(sock: socket.socket, waited: float) -> float:
    """Seconds from SYN to its answer by the kernel's measure, where the first SYN was answered."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RETRANSMITTED_OFFSET + 4)
    (retransmitted,) = struct.unpack_from("=I", info, _RETRANSMITTED_OFFSET)
    (rtt,) = struct.unpack_from("=I", info, _RTT_OFFSET)
    return waited if retransmitted or not rtt else min(waited, rtt / 1e6)


def _open(egress: Egress, check: Check) -> TcpProber:
    assert isinstance(check, TcpConnect)
    return TcpProber(egress, check)


KIND = ProberKind(_open)
