"""What the router's IPv4 default routes were every millisecond, as dumps say: some are taken out
without a message (an address that is flushed takes its routes along)."""

import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.socket_thread import SocketThread

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr, netlink(7)
_ROUTE = struct.Struct("=8BI")  # struct rtmsg, rtnetlink(7)
_ATTRIBUTE = struct.Struct("=HH")
_NEW_ROUTE, _GET_ROUTE, _DONE = 24, 26, 3
_REQUEST_DUMP = 0x301
_RTA_OIF, _RTA_TABLE = 4, 15
_PERIOD = 0.001


@dataclass
class TablePoll(SocketThread):
    """Polls from `__enter__` to `__exit__`, as often as the machine lets it."""

    lab: Lab
    looks: list[tuple[float, frozenset[tuple[int, int]]]] = field(default_factory=list)
    """When (`time.monotonic`), and which tables had a default by which interface's index."""

    def __post_init__(self) -> None:
        with self.lab.inside(ROUTER):
            super().__init__(
                socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            )

    def gaps(self, table: int, index: int) -> list[float]:
        """Seconds for which the table had no default by this interface, each time."""
        found: list[float] = []
        since: float | None = None
        for at, defaults in self.looks:
            if (table, index) in defaults:
                if since is not None:
                    found.append(at - since)
                since = None
            elif since is None:
                since = at
        return found

    def lacking(self, table: int) -> int:
        """In how many looks the table had no default at all."""
        return sum(all(each != table for each, _ in defaults) for _, defaults in self.looks)

    def _work(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            self.looks.append((time.monotonic(), frozenset(self._dump())))
            due = max(due + _PERIOD, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _dump(self) -> Iterator[tuple[int, int]]:
        route = _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
        length = _HEADER.size + len(route)
        self._socket.send(_HEADER.pack(length, _GET_ROUTE, _REQUEST_DUMP, 1, 0) + route)
        while True:
            datagram = self._socket.recv(1 << 16)
            while datagram:
                length, kind, *_ = _HEADER.unpack_from(datagram)
                if kind == _DONE:
                    return
                prefix = datagram[_HEADER.size + 1]
                if kind == _NEW_ROUTE and prefix == 0:
                    numbers = _numbers(datagram[_HEADER.size + _ROUTE.size : length])
                    yield numbers[_RTA_TABLE], numbers.get(_RTA_OIF, 0)
                datagram = datagram[(length + 3) & ~3 :]


def _numbers(data: bytes) -> dict[int, int]:
    """The attributes that are 32 bits long."""
    found: dict[int, int] = {}
    while data:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length == _ATTRIBUTE.size + 4:
            found[kind] = struct.unpack_from("=I", data, _ATTRIBUTE.size)[0]
        data = data[(length + 3) & ~3 :]
    return found
