"""When the kernel told that the primary's link is lost, as a program beside the engine heard it."""

import socket
import struct
import time

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.socket_thread import SocketThread

_RTMGRP_LINK = 1
_RTM_NEWLINK = 16
_IFF_RUNNING = 0x40
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")


class LinkWitness(SocketThread):
    """Listens in the router (rtnetlink(7)).

    The kernel tells of a lost carrier by a worker of its own, which waits while anybody in any
    network changes interfaces (net/core/link_watch.c). With other rows beside this one that has
    taken more than two seconds, and nobody on this machine can know of the loss before.
    """

    def __init__(self, lab: Lab) -> None:
        self._lost: list[float] = []
        with lab.inside(ROUTER):
            there = {name: index for index, name in socket.if_nameindex()}
            self._index = there.get(lab.uplinks[0].interface)  # None: it is away just now
            super().__init__(
                socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            )
        self._socket.bind((0, _RTMGRP_LINK))
        self._socket.settimeout(0.05)

    def told(self, since: float) -> float:
        """When it told of the first loss after `since` (`time.monotonic`); `since` if of none."""
        return next((at for at in self._lost if at >= since), since)

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                datagram = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:  # some were lost in a storm
                continue
            now = time.monotonic()
            _, kind, *_ = _HEADER.unpack_from(datagram)
            if kind == _RTM_NEWLINK:
                _, _, index, flags, _ = _LINK.unpack_from(datagram, _HEADER.size)
                if index == self._index and not flags & _IFF_RUNNING:
                    self._lost.append(now)
