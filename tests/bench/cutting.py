"""Faults at one known instant: those of the lab start a program, which takes milliseconds."""

import fcntl
import socket
import struct
import time

from bench.observing import SocketHolder, route_socket
from bench.running import NotMeasuredError
from route_switcher.core.vocabulary.routes import Change, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink.messages import route_change
from route_switcher.lab.addresses import CUSTOMER_PORT, LabUplink
from route_switcher.lab.topology import Lab

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


class Blackhole(SocketHolder):
    """Drops in silence what goes through an ISP.

    The route back to the router stays, so nothing that is under way is lost.
    """

    def __init__(self, lab: Lab, uplink: LabUplink) -> None:
        with lab.inside(uplink.name):
            self._socket = route_socket(0)
        self._route = Route(Family.IPV4, "", None, 1, kind=RouteKind.BLACKHOLE)

    def cut(self) -> float:
        """Break it; when it was broken, on time.monotonic."""
        return self._change(Change.ADD)

    def mend(self) -> float:
        """Mend it; when it was mended."""
        return self._change(Change.DELETE)

    def _change(self, change: Change) -> float:
        self._socket.send(route_change(change, self._route, 0, sequence=1))
        answer = self._socket.recv(1 << 16)
        done = time.monotonic()
        (code,) = struct.unpack_from("=i", answer, 16)
        if code:
            raise NotMeasuredError(f"the blackhole could not be changed: errno {-code}")
        return done


class Cable(SocketHolder):
    """The ISP's end of an uplink, pulled and plugged at one known instant (netdevice(7))."""

    def __init__(self, lab: Lab, uplink: LabUplink) -> None:
        with lab.inside(uplink.name):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def pull(self) -> float:
        """Take the carrier away; when that began, on time.monotonic."""
        began = time.monotonic()
        self._set(0)
        return began

    def plug(self) -> None:
        """Give it back."""
        self._set(_IFF_UP)

    def _set(self, flags: int) -> None:
        request = struct.pack("16sH14x", CUSTOMER_PORT.encode(), flags)
        fcntl.ioctl(self._socket, _SIOCSIFFLAGS, request)
