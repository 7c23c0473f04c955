"""Hears from the kernel that links, addresses or default routes changed."""

import errno
import socket

import trio

from route_switcher.kernel import route_filter
from route_switcher.kernel.base import KernelNews
from route_switcher.kernel.exchange import RECEIVE_SIZE
from route_switcher.kernel.framing import (
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELROUTE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    Discarded,
    split,
)

# RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400

_NEWS = {
    RTM_NEWLINK: KernelNews(links=True),
    RTM_DELLINK: KernelNews(links=True),
    RTM_NEWADDR: KernelNews(addresses=True),
    RTM_DELADDR: KernelNews(addresses=True),
    RTM_NEWROUTE: KernelNews(routes=True),
    RTM_DELROUTE: KernelNews(routes=True),
}
_NOTHING = KernelNews()
_OVERRUN = KernelNews(overrun=True)

_RECEIVE_BUFFER = 1 << 20
"""Bytes: room for about a thousand messages, since the kernel counts what they occupy."""
_SO_RCVBUFFORCE = 33

_AT_ONCE = 4096
"""How many datagrams make one piece of news at most, so that a flood is not read for ever."""


class Monitor:
    """A subscription to the kernel's news. What happens from its creation on is not missed."""

    def __init__(self, discarded: Discarded, receive_buffer: int = _RECEIVE_BUFFER) -> None:
        self._discarded = discarded
        # trio's own wrapper makes every receive a checkpoint; here, once something has been taken
        # from the socket, nothing may be cancelled until it has been told.
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setblocking(False)
        _set_receive_buffer(self._socket, receive_buffer)
        # Before subscribing. A kernel that takes no filter only costs time: `split` filters too.
        route_filter.attach(self._socket)
        self._socket.bind((0, _GROUPS))

    def close(self) -> None:
        """End the subscription."""
        trio.lowlevel.notify_closing(self._socket)
        self._socket.close()

    async def changed(self) -> KernelNews:
        """See `Kernel.changed`."""
        while True:
            await trio.lowlevel.wait_readable(self._socket)
            news = self._gathered()
            if news:
                return news

    def _gathered(self) -> KernelNews:
        news = _NOTHING
        for _ in range(_AT_ONCE):
            try:
                datagram, (sender, _) = self._socket.recvfrom(RECEIVE_SIZE)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                news |= _OVERRUN
                continue
            news |= self._told(datagram, sender)
        return news

    def _told(self, datagram: bytes, sender: int) -> KernelNews:
        if sender != 0:
            self._discarded.not_from_kernel += 1
            return _NOTHING
        news = _NOTHING
        for message in split(datagram, self._discarded):
            news |= _NEWS.get(message.kind, _NOTHING)
        return news


def _set_receive_buffer(channel: socket.socket, size: int) -> None:
    try:
        channel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except PermissionError:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
