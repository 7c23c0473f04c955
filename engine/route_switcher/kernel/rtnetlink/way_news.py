"""Hears that something changed which may decide about ways, whatever it is.

Nothing is read of what is told: the ways are asked for again. So it does not matter if news are
lost, and the buffer is small: a BGP session that comes up costs a few messages a second here, since
nobody asks more often, and the kernel drops the others.
"""

import socket
from contextlib import suppress

import trio

from route_switcher.kernel.rtnetlink.scarcity import SCARCE, readable

_SOL_NETLINK = 270
_NETLINK_ADD_MEMBERSHIP = 1
_GROUPS = (
    1,  # links
    5,  # IPv4 addresses
    7,  # IPv4 routes
    8,  # IPv4 rules
    9,  # IPv6 addresses
    11,  # IPv6 routes
    19,  # IPv6 rules
    24,  # IPv4 settings of interfaces, rp_filter and forwarding among them
    25,  # the same of IPv6
    32,  # nexthop objects
)
"""RTNLGRP_* of linux/rtnetlink.h."""

_BUFFER = 16384
_AT_ONCE = 256
"""Datagrams that are thrown away at most before somebody is told."""


class WayNews:
    """A subscription to all of it, from its creation on."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind((0, 0))
        for group in _GROUPS:
            with suppress(OSError):  # a kernel may lack one
                self._socket.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)

    def close(self) -> None:
        """End the subscription. To be called within `trio.run`."""
        trio.lowlevel.notify_closing(self._socket)
        self._socket.close()

    async def changed(self) -> None:
        """Wait until anything was told since the last call."""
        await readable(self._socket)
        for _ in range(_AT_ONCE):
            try:
                self._socket.recv(1)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in SCARCE:
                    raise
