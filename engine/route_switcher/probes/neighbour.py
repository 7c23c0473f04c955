"""Asks the gateway of one uplink whether it is there, by ARP or neighbour discovery.

Each round sends a fresh question. The kernel's table of neighbours is neither asked nor changed: it
takes a gateway that has died for present until its entry is stale and was tried again.
"""

import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from route_switcher.core.probing.round import Request, RequestFault
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.packet_filter import LOAD_HALF
from route_switcher.probes import arp, neighbour_discovery
from route_switcher.probes.interface import index_of
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.packet_prober import Ancillary, PacketProber, Received
from route_switcher.probes.packet_socket import ETHERNET, all_of, link_address, open_packet_socket
from route_switcher.probes.pending import Pending
from route_switcher.probes.prober import Egress, ProberKind
from route_switcher.probes.raw_socket import open_icmpv6_socket
from route_switcher.probes.source_address import SourceAddress
from route_switcher.probes.stamps import CONTROL_SPACE

_IPV6_RECVHOPLIMIT, _IPV6_HOPLIMIT = 51, 52  # linux/in6.h
_INT = struct.Struct("=i")

_NO_HOP = RequestFault(RoundOutcome.UNKNOWN, "no next hop is known")
_NO_GATEWAY = RequestFault(RoundOutcome.UNKNOWN, "the uplink has no gateway that could be asked")
_NO_ETHERNET = RequestFault(
    RoundOutcome.UNKNOWN, "nobody is asked by ARP or neighbour discovery on this type of link"
)
_OTHER_FAMILY = RequestFault(RoundOutcome.UNKNOWN, "the gateway is of another address family")


@dataclass(slots=True)
class GatewayRequest(Request):
    """One question to the gateway."""

    number: int
    gateway: Address | None
    own: IPv4Address | None = None
    """Who asks, where ARP says so."""
    mac: bytes = b""
    """Who asks."""


class NeighbourProber(PacketProber[GatewayRequest]):
    """Asks the next hop of an uplink."""

    socket_words = "a socket for ARP and neighbour discovery"
    answer_words = "answers of neighbours"
    control_space = CONTROL_SPACE + socket.CMSG_SPACE(_INT.size)

    def __init__(self, egress: Egress) -> None:
        super().__init__(egress, Pending[int, GatewayRequest](lambda request: request.number))
        self._name = egress.interface or ""
        self._source = SourceAddress(self._name, egress.family, egress.addresses)
        self._number = 0
        self._heard: tuple[Address, bytes] | None = None

    def mac_of(self, gateway: Address) -> bytes | None:
        """The link-layer address that `gateway` has told last, if it is the one that was asked."""
        if self._heard is None or self._heard[0] != gateway:
            return None
        return self._heard[1]

    def _open_socket(self) -> socket.socket:
        self._heard = None
        if self.family is Family.IPV4:
            replies = all_of((LOAD_HALF, arp.OPERATION_OFFSET, arp.REPLY))
            return open_packet_socket(self._name, arp.ETHERTYPE, replies, self.packet_size)
        sock = open_icmpv6_socket(self._name, neighbour_discovery.ADVERTISEMENT)
        try:
            index = index_of(sock, self._name) or 0
            limit = neighbour_discovery.HOP_LIMIT
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, limit)
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVHOPLIMIT, 1)
        except BaseException:
            sock.close()
            raise
        return sock

    def _requests(self, targets: tuple[Target, ...]) -> tuple[GatewayRequest, ...]:
        return tuple(self._request(target) for target in targets)

    def _request(self, target: Target) -> GatewayRequest:
        self._number += 1
        hop = self.egress.next_hop()
        request = GatewayRequest(target, self._number, None if hop is None else hop.gateway)
        request.awaited = (
            "ARP reply" if self.family is Family.IPV4 else "neighbour advertisement"
        ) + f" of {request.gateway}"
        if hop is None:
            request.fault = _NO_HOP
        elif request.gateway is None:
            request.fault = _NO_GATEWAY
        elif request.gateway.version != self.family.value:
            request.fault = _OTHER_FAMILY
        return request

    def _prepare(self, through: socket.socket, requests: tuple[GatewayRequest, ...]) -> None:
        for request in requests:
            if request.fault is not None:
                continue
            kind, request.mac = link_address(through, self._name)
            if kind != ETHERNET:
                request.fault = _NO_ETHERNET
            if isinstance(request.gateway, IPv4Address):
                own = self._source.towards(str(request.gateway))
                request.own = own if isinstance(own, IPv4Address) else None

    def _send_one(self, through: socket.socket, request: GatewayRequest) -> None:
        match request.gateway:
            case IPv4Address():
                question = arp.request(request.mac, request.own, request.gateway)
                through.sendto(question, (self._name, arp.ETHERTYPE, 0, 0, arp.BROADCAST))
            case IPv6Address():
                question = neighbour_discovery.solicitation(request.mac, request.gateway)
                group = neighbour_discovery.solicited_node(request.gateway)
                through.sendto(question, (str(group), 0))
            case None:
                raise AssertionError("it has no gateway, and so a fault")

    def _match(self, received: Received) -> tuple[OpenRound[GatewayRequest], GatewayRequest] | None:
        # An answer carries nothing of the question: it answers the latest.
        waiting = self._pending.newest()
        if waiting is None:
            self.counters.unasked += 1
            return None
        _, request = waiting
        packet, ancillary, _, _ = received
        if self.family is Family.IPV4:
            mac = self._replied(packet, request)
        else:
            mac = self._advertised(packet, ancillary, request)
        if mac is None:
            return None
        if mac and request.gateway is not None:
            self._heard = request.gateway, mac
        if request.settled:
            self.counters.repeated += 1
            return None
        return waiting

    def _replied(self, frame: bytes, request: GatewayRequest) -> bytes | None:
        """Who has replied to an ARP request; None, and a count, if it is no reply to that."""
        reply = arp.reply(frame)
        if reply is None:
            self.counters.malformed += 1
        elif reply.sender != request.gateway:
            self.counters.wrong_source += 1
        elif reply.told_mac != request.mac or (request.own and reply.told != request.own):
            self.counters.wrong_target += 1
        else:
            return reply.mac
        return None

    def _advertised(
        self, message: bytes, ancillary: Ancillary, request: GatewayRequest
    ) -> bytes | None:
        """The same of a neighbour solicitation; empty where no link-layer address is told."""
        told = neighbour_discovery.advertisement(message)
        if told is None:
            self.counters.malformed += 1
        elif _hop_limit(ancillary) != neighbour_discovery.HOP_LIMIT:
            self.counters.wrong_source += 1
        elif told.target != request.gateway:
            self.counters.wrong_target += 1
        elif not told.solicited:
            self.counters.unasked += 1
        else:
            return told.mac or b""
        return None


def _hop_limit(ancillary: Ancillary) -> int | None:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_HOPLIMIT) and len(data) >= _INT.size:
            return int(_INT.unpack_from(data)[0])
    return None


def _open(egress: Egress, _check: Check) -> NeighbourProber:
    return NeighbourProber(egress)


KIND = ProberKind(_open, frozenset({"CAP_NET_RAW"}), asks_addresses=False)
