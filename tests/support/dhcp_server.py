"""A DHCP server whose lease a test changes while it runs (RFC 2131, 2132, 3442).

dnsmasq serves the usual; this one serves what a test needs: leases of seconds, another router at a
renewal, none, silence.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from route_switcher.lab.topology import Lab
from support.socket_thread import SocketThread

_FIXED = struct.Struct("!4B I 2H 4s4s4s4s 16s 64x128x 4s")
_MAGIC = bytes((99, 130, 83, 99))
_REPLY = 2
_DISCOVER, _OFFER, _REQUEST, _ACK, _NAK = 1, 2, 3, 5, 6
_MASK, _ROUTER, _WANTED, _SECONDS, _KIND, _SERVER = 1, 3, 50, 51, 53, 54
_RENEW_AFTER, _REBIND_AFTER, _CLASSLESS, _END = 58, 59, 121, 255
_SHORTEST = 300  # a reply that is shorter is no BOOTP packet to some clients
_PATIENCE = 0.2  # seconds between two looks at whether the test has ended


@dataclass(frozen=True, slots=True)
class Lease:
    """What the server gives; `classless` are the routes of option 121."""

    address: IPv4Interface
    routers: tuple[IPv4Address, ...]
    seconds: int = 600
    renew_after: int = 300
    classless: tuple[tuple[IPv4Network, IPv4Address], ...] = ()

    def options(self) -> Iterator[tuple[int, bytes]]:
        """Number and content of each."""
        yield _SECONDS, struct.pack("!I", self.seconds)
        yield _RENEW_AFTER, struct.pack("!I", self.renew_after)
        yield _REBIND_AFTER, struct.pack("!I", (self.renew_after + self.seconds) // 2)
        yield _MASK, self.address.netmask.packed
        if self.routers:
            yield _ROUTER, b"".join(router.packed for router in self.routers)
        if self.classless:
            yield _CLASSLESS, b"".join(_compact(*route) for route in self.classless)


class DhcpServer(SocketThread):
    """It answers on one interface of a namespace from `__enter__` to `__exit__`.

    `lease` may be set at any time; None: it is silent. A client that asks for another address than
    the lease's is refused, so that it starts again.
    """

    def __init__(
        self, lab: Lab, namespace: str, interface: str, address: IPv4Address, lease: Lease | None
    ) -> None:
        self.lease = lease
        self.acknowledged: list[Lease] = []
        """Every lease that a client was given, renewals included."""
        self.heard = 0
        """How many packets of clients came, answered or not."""
        self._address = address
        with lab.inside(namespace):
            super().__init__(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        self._socket.settimeout(_PATIENCE)
        self._socket.bind(("", 67))

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                packet, _ = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            self.heard += 1
            lease = self.lease
            if lease is not None and len(packet) >= _FIXED.size:
                self._answer(packet, lease)

    def _answer(self, packet: bytes, lease: Lease) -> None:
        *_, number, _, flags, bound, _, _, relay, hardware, _ = _FIXED.unpack_from(packet)
        options = dict(_options(packet[_FIXED.size :]))
        kind = options.get(_KIND, b"\0")[0]
        wanted = options.get(_WANTED, bound)
        if kind == _DISCOVER:
            reply = _OFFER
        elif kind == _REQUEST:
            reply = _ACK if wanted == lease.address.packed else _NAK
        else:
            return
        given = bytes(4) if reply == _NAK else lease.address.packed
        fixed = _FIXED.pack(
            *(_REPLY, 1, 6, 0, number, 0, flags),
            *(bytes(4), given, self._address.packed, relay, hardware, _MAGIC),
        )
        content = [(_KIND, bytes((reply,))), (_SERVER, self._address.packed)]
        content += [] if reply == _NAK else list(lease.options())
        body = b"".join(bytes((kind, len(data))) + data for kind, data in content)
        # A client that has its address listens there; others hear broadcasts only.
        unicast = any(bound) and reply == _ACK
        to = str(IPv4Address(bound)) if unicast else "255.255.255.255"
        self._socket.sendto((fixed + body + bytes((_END,))).ljust(_SHORTEST, b"\0"), (to, 68))
        if reply == _ACK:
            self.acknowledged.append(lease)


def _compact(network: IPv4Network, router: IPv4Address) -> bytes:
    """As RFC 3442 writes a route: only the octets that the prefix has."""
    octets = (network.prefixlen + 7) // 8
    return bytes((network.prefixlen,)) + network.network_address.packed[:octets] + router.packed


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data and data[0] != _END:
        if data[0] == 0:
            data = data[1:]
            continue
        if len(data) < 2:
            return
        yield data[0], data[2 : 2 + data[1]]
        data = data[2 + data[1] :]
