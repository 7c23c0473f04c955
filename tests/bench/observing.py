"""Seen from outside the engine: what it sent and when, and when the kernel moved the traffic."""

import ctypes
import select
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.running import NotMeasuredError
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink.framing import (
    RTM_DELROUTE,
    RTM_NEWROUTE,
    Discarded,
    Message,
    split,
)
from route_switcher.kernel.rtnetlink.messages import default_route
from route_switcher.lab.addresses import CUSTOMER_PORT, INTERNET, ROUTER, LabUplink
from route_switcher.lab.topology import Lab
from route_switcher.probes.stamps import CONTROL_SPACE, SO_TIMESTAMPNS_NEW, stamp_of

_RTMGRP_IPV4_ROUTE = 0x40
_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
# Classic BPF on what follows the Ethernet header: IPv4 packets of protocol 1, ICMP.
_ONLY_ICMP = ((0x30, 0, 0, 9), (0x15, 0, 1, 1), (0x06, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 0))


class SocketHolder:
    """Holds a socket, from `__enter__` to `__exit__`."""

    _socket: socket.socket

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()


class Moves(SocketHolder):
    """Hears the router's IPv4 route messages, and tells where the traffic goes after each."""

    def __init__(self, lab: Lab) -> None:
        with lab.inside(ROUTER):
            self._socket = route_socket(_RTMGRP_IPV4_ROUTE)
            self._indexes = {socket.if_nametoindex(u.interface): u for u in lab.uplinks}
        self._socket.setblocking(False)
        self._routes: set[tuple[int, int]] = set()

    @property
    def best(self) -> LabUplink | None:
        """The uplink of the default route with the least metric, by the messages up to now."""
        return self._indexes[min(self._routes)[1]] if self._routes else None

    def wait_for(self, uplink: LabUplink, patience: float) -> float:
        """When the traffic came to go by `uplink`, on time.monotonic. Raises NotMeasuredError."""
        end = time.monotonic() + patience
        heard = time.monotonic()
        while self.best != uplink:
            if not select.select([self._socket], [], [], max(0.0, end - time.monotonic()))[0]:
                raise NotMeasuredError(f"no move to {uplink.name} within {patience:g} s")
            # The kernel queues the message while it makes the change: so this is its time.
            heard = time.monotonic()
            for message in split(self._socket.recv(1 << 16), Discarded()):
                self._take(message)
        return heard

    def catch_up(self) -> None:
        """Take in what has been told up to now."""
        with suppress(BlockingIOError):
            while True:
                for message in split(self._socket.recv(1 << 16), Discarded()):
                    self._take(message)

    def _take(self, message: Message) -> None:
        gone = message.kind == RTM_DELROUTE
        told = default_route(message._replace(kind=RTM_NEWROUTE))
        if told is None or not told.hops or told.hops[0].index not in self._indexes:
            return
        key = (told.metric, told.hops[0].index)
        self._routes = self._routes - {key} if gone else self._routes | {key}


class Sendings(SocketHolder):
    """The probes that reach an ISP from the router, by the kernel's timestamps."""

    def __init__(self, lab: Lab, uplink: LabUplink) -> None:
        with lab.inside(uplink.name):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        code = b"".join(struct.pack("HBBI", *instruction) for instruction in _ONLY_ICMP)
        buffer = ctypes.create_string_buffer(code, len(code))
        program = struct.pack("HP", len(_ONLY_ICMP), ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        self._socket.setblocking(False)
        with lab.inside(uplink.name):
            self._socket.bind((CUSTOMER_PORT, _ETH_P_IP))
        self._times: list[float] = []

    def times(self) -> list[float]:
        """When each arrived, on time.monotonic."""
        behind = time.time_ns() / 1e9 - time.monotonic()
        with suppress(BlockingIOError):
            while True:
                stamp = stamp_of(self._socket.recvmsg(1, CONTROL_SPACE)[1])
                assert stamp is not None
                self._times.append(stamp / 1e9 - behind)
        return self._times

    def next_after(self, time_: float) -> float:
        """The first sending after that time. Raises NotMeasuredError if there was none yet."""
        for sent_at in self.times():
            if sent_at > time_:
                return sent_at
        raise NotMeasuredError("no probe was sent after the fault")


def echo_requests(lab: Lab, family: Family) -> int:
    """How many echo requests the internet has received; it answers all."""
    with lab.inside(INTERNET):
        if family is Family.IPV6:
            lines = Path("/proc/thread-self/net/snmp6").read_text().splitlines()
            counted = dict(line.removeprefix("Icmp6").split() for line in lines)
        else:
            text = Path("/proc/thread-self/net/snmp").read_text().splitlines()
            names, numbers = (line.split() for line in text if line.startswith("Icmp: "))
            counted = dict(zip(names, numbers, strict=True))
    return int(counted["InEchos"])


def route_socket(groups: int) -> socket.socket:
    """A netlink socket for routes that hears `groups` (rtnetlink(7))."""
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    made.bind((0, groups))
    return made
