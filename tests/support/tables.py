"""What the router's routing table is, and every message by which the kernel changed it."""

import errno
import json
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from route_switcher.core.vocabulary.policy import MAIN_TABLE, OWN_TABLE
from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import LAN_CLIENT, LAN_CLIENT_V6, LAN_INTERFACE, ROUTER
from route_switcher.lab.namespaces import LabError
from route_switcher.lab.topology import Lab
from support.router_changes import eventually_in_router

Key = tuple[str, int]
"""Interface and metric of a default route."""


def our_routes(lab: Lab, family: Family = Family.IPV4, table: int = MAIN_TABLE) -> set[Key]:
    """The default routes of a table that carry our protocol number."""
    words = ["default", "proto", str(PROTOCOL), "table", str(table)]
    try:
        shown = lab.run(ROUTER, "ip", "-j", f"-{family.value}", "route", "show", *words)
    except LabError:  # there is no such table
        return set()
    leading = (route for route in json.loads(shown) if route.get("type") != "unreachable")
    return {(route["dev"], route["metric"]) for route in leading}


def wait_for_our_routes(
    lab: Lab, *expected: Key, family: Family = Family.IPV4, table: int = MAIN_TABLE
) -> None:
    """Wait until ours are exactly these."""
    eventually_in_router(
        lab,
        lambda: our_routes(lab, family, table) == set(expected),
        f"{family} routes of ours: {expected}",
    )


def route_taken(lab: Lab, family: Family = Family.IPV4) -> str | None:
    """The interface by which the kernel would reach a target now; None if it cannot."""
    target = str(lab.targets(family)[0])
    try:
        shown = lab.run(ROUTER, "ip", "-j", f"-{family.value}", "route", "get", target)
    except LabError:
        return None
    return str(json.loads(shown)[0]["dev"])


def forwarded_by(lab: Lab, family: Family = Family.IPV4) -> str | None:
    """The interface by which a packet of the LAN's client would leave; None: by none."""
    target, client = (
        str(lab.targets(family)[0]),
        LAN_CLIENT if family is Family.IPV4 else LAN_CLIENT_V6,
    )
    words = ("route", "get", target, "from", str(client.ip), "iif", LAN_INTERFACE)
    try:
        shown = lab.run(ROUTER, "ip", "-j", f"-{family.value}", *words)
    except LabError:
        return None
    return str(json.loads(shown)[0]["dev"])


def rules(lab: Lab) -> str:
    """Every rule of both families, as `ip` prints it."""
    return "".join(lab.run(ROUTER, "ip", "-details", f, "rule", "show") for f in ("-4", "-6"))


def wait_until_led(lab: Lab, family: Family = Family.IPV4) -> None:
    """Wait until a rule of ours leads the traffic to our table. A route by the same interface may
    be in main as well."""

    def led() -> bool:
        shown = lab.run(ROUTER, "ip", f"-{family.value}", "-N", "rule", "show")
        return f"\tfrom all lookup {OWN_TABLE} proto {PROTOCOL}\n" in shown

    eventually_in_router(lab, led, f"{family} traffic is led to our table")


def wait_until_taken(lab: Lab, interface: str, family: Family = Family.IPV4) -> None:
    """Wait until the traffic leaves by this interface."""
    what = f"{family} traffic by {interface}"
    eventually_in_router(lab, lambda: route_taken(lab, family) == interface, what)


def whole_table(lab: Lab) -> str:
    """Every route of every table and family, as `ip` prints it."""
    shown = [lab.run(ROUTER, "ip", f, "route", "show", "table", "all") for f in ("-4", "-6")]
    return "".join(shown)


def foreign_routes(lab: Lab) -> str:
    """All of the table that is not ours, byte for byte."""
    lines = whole_table(lab).splitlines()
    return "\n".join(line for line in lines if f" proto {PROTOCOL} " not in f"{line} ")


_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr, netlink(7)
_ROUTE = struct.Struct("=8BI")  # struct rtmsg, rtnetlink(7)
_ATTRIBUTE = struct.Struct("=HH")
_NEW, _DELETED = 24, 25  # RTM_NEWROUTE, RTM_DELROUTE
_REPLACE = 0x100
_RTA_OIF, _RTA_PRIORITY = 4, 6
_GROUPS = 0x40 | 0x400  # RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE
_VERSION = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class RouteMessage:
    """The kernel told of one default route of the table."""

    family: Family
    key: Key
    deleted: bool = False
    replaced: bool = False
    """It took the place of the one with its metric."""


class Recorder:
    """Keeps what the kernel tells of the router's default routes in a table, from its creation on.

    The kernel queues a message before it acknowledges the change, so nothing that was seen in the
    table is missing here.
    """

    def __init__(self, lab: Lab, table: int = MAIN_TABLE) -> None:
        self._lab = lab
        self._table = table
        self._messages: list[RouteMessage] = []
        self._before = {family: _defaults(lab, family, table) for family in Family}
        with lab.inside(ROUTER):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setblocking(False)
        self._socket.bind((0, _GROUPS))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def messages(self) -> list[RouteMessage]:
        """All up to now."""
        while True:
            try:
                datagram = self._socket.recv(1 << 16)
            except OSError as error:
                if error.errno == errno.EAGAIN:
                    return list(self._messages)
                raise  # ENOBUFS: a message was lost
            self._messages += self._read(datagram)

    def best_interfaces(self, family: Family = Family.IPV4) -> list[str | None]:
        """By which interface the best default route led, one after the other; None: there was none.

        From what was there at first, through every single message.
        """
        routes = list(self._before[family])
        best = [_best(routes)]
        for message in self.messages():
            if message.family is not family:
                continue
            if message.deleted:
                routes.remove(message.key)
            else:
                if message.replaced:
                    routes = [route for route in routes if route[1] != message.key[1]]
                routes.append(message.key)
            if _best(routes) != best[-1]:
                best.append(_best(routes))
        return best

    def _read(self, datagram: bytes) -> Iterator[RouteMessage]:
        while datagram:
            length, kind, flags, _, _ = _HEADER.unpack_from(datagram)
            message, datagram = datagram[_HEADER.size : length], datagram[_aligned(length) :]
            version, prefix, _, _, table, *_ = _ROUTE.unpack_from(message)
            if kind not in (_NEW, _DELETED) or prefix or table != self._table:
                continue
            numbers = dict(_attributes(message[_ROUTE.size :]))
            with self._lab.inside(ROUTER):
                interface = socket.if_indextoname(numbers[_RTA_OIF])
            family = next(f for f, number in _VERSION.items() if number == version)
            key = (interface, numbers.get(_RTA_PRIORITY, 0))
            yield RouteMessage(family, key, kind == _DELETED, bool(flags & _REPLACE))


def _defaults(lab: Lab, family: Family, table: int) -> list[Key]:
    words = ["default", "table", str(table)]
    try:
        shown = lab.run(ROUTER, "ip", "-j", f"-{family.value}", "route", "show", *words)
    except LabError:  # there is no such table
        return []
    return [(route.get("dev", ""), route.get("metric", 0)) for route in json.loads(shown)]


def _best(routes: list[Key]) -> str | None:
    return min(routes, key=lambda route: route[1])[0] if routes else None


def _attributes(data: bytes) -> Iterator[tuple[int, int]]:
    """The attributes that are 32 bits long."""
    while data:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length == _ATTRIBUTE.size + 4:
            yield kind, struct.unpack_from("=I", data, _ATTRIBUTE.size)[0]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3
