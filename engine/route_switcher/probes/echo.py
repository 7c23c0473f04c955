"""Sends a packet that is addressed to this machine to the gateway, whose forwarding plane sends it
back (the idea of RFC 9747).

An ICMP error or a redirect quotes what was sent, with all that a program has put in. So an answer
is only what came back as it was: UDP, with the same ports and addresses, and one hop fewer to go.

Before the first one has come back, nothing is concluded from its absence
(`core.probing.first_echo`).
"""

import secrets
import socket
from dataclasses import dataclass

import trio

from route_switcher import packet_filter
from route_switcher.core.probing.first_echo import before_the_first_echo
from route_switcher.core.probing.round import Request, RequestFault, RoundResult
from route_switcher.core.vocabulary.checks import TOKEN_SIZE, Check
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.packet_filter import LOAD_BYTE, LOAD_HALF, LOAD_WORD, RETURN, Instruction
from route_switcher.probes import echo_datagram
from route_switcher.probes.echo_datagram import ETHERTYPE, HOP_LIMIT, IP_HEADER, UDP, UDP_HEADER
from route_switcher.probes.interface import ADDRESS_FAMILY, bind_to
from route_switcher.probes.late_replies import OnLate
from route_switcher.probes.neighbour import NeighbourProber
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.packet_prober import PacketProber, Received
from route_switcher.probes.packet_socket import ETHERNET, all_of, link_address, open_packet_socket
from route_switcher.probes.pending import Pending
from route_switcher.probes.prober import Egress, ProberKind
from route_switcher.probes.source_address import SourceAddress

KEY_SIZE = 4
"""The bytes of a token that all of one socket have in common: the kernel drops what lacks them."""

_AFAR = {Family.IPV4: "8.8.8.8", Family.IPV6: "2001:4860:4860::8888"}
"""Somebody to whom the uplink leads. Nothing is sent there: the kernel is asked from which address
it would be."""
_PROTOCOL_OFFSET = {Family.IPV4: 9, Family.IPV6: 6}
_LOOKUP_TIMEOUT = 1.0
_LOOKUP_PAUSE = 1.0
"""Seconds between questions for the gateway's link-layer address while it is not known."""

_UNKNOWN = RoundOutcome.UNKNOWN
_NO_HOP = RequestFault(_UNKNOWN, "no next hop is known")
_NO_MAC = RequestFault(_UNKNOWN, "the gateway has not told its link-layer address")
_NO_ADDRESS = RequestFault(_UNKNOWN, "the interface has no address that is sent back to it")


@dataclass(slots=True)
class ReturnRequest(Request):
    """One packet that is to come back."""

    token: bytes
    own: Address | None = None
    mac: bytes = b""
    """Whom it is sent to; empty where a link has one other end."""


class EchoProber(PacketProber[ReturnRequest]):
    """Sends packets to itself by way of the next hop of an uplink."""

    socket_words = "a packet socket"
    answer_words = "echoes"

    def __init__(self, egress: Egress) -> None:
        super().__init__(egress, Pending[bytes, ReturnRequest](lambda request: request.token))
        self._name = egress.interface or ""
        self._key = b""
        self._port = 0
        self._guard: socket.socket | None = None
        self._source = SourceAddress(self._name, egress.family, egress.addresses)
        self._neighbour = NeighbourProber(egress)
        self._look_up = trio.Event()
        self._hop: NextHop | None = None
        self._came_back = False
        """Whether one has since the next hop is what it is."""

    def __exit__(self, *error: object) -> None:
        self._close()
        self._neighbour.__exit__(None, None, None)

    async def run(self) -> None:
        """Receive, and ask for the gateway's link-layer address when it is wanted."""
        with self._neighbour:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(super().run)
                nursery.start_soon(self._neighbour.run)
                nursery.start_soon(self._ask_gateway)

    async def _ask_gateway(self) -> None:
        target = (Target("gateway"),)
        while True:
            await self._look_up.wait()
            self._look_up = trio.Event()
            result = await self._neighbour.ask(target, 1, _LOOKUP_TIMEOUT)
            if result.outcome is not RoundOutcome.GOOD:
                await trio.sleep(_LOOKUP_PAUSE)

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        """See `Prober`."""
        self._see(self.egress.next_hop())
        result = await super().ask(targets, needed, timeout, on_late)
        if result.outcome is not RoundOutcome.GOOD:
            # It may have another link-layer address by now: another router has taken over.
            self._look_up.set()
        return result

    def _result(self, open_round: OpenRound[ReturnRequest], now: float) -> RoundResult:
        """Unknown in place of failed until one has come back from this next hop."""
        result = open_round.result(now)
        if self._came_back or any(r.fault for r in open_round.requests):
            return result
        return before_the_first_echo(result)

    def _see(self, hop: NextHop | None) -> None:
        gateway = None if hop is None else hop.gateway
        before = None if self._hop is None else self._hop.gateway
        if (hop is None) != (self._hop is None) or gateway != before:
            self._came_back = False
        self._hop = hop

    def _open_socket(self) -> socket.socket:
        self._came_back = False
        self._key = secrets.token_bytes(KEY_SIZE)
        self._guard = _open_guard(self._name, self.family)
        self._port = self._guard.getsockname()[1]
        return open_packet_socket(
            self._name,
            ETHERTYPE[self.family],
            _own_echoes(self.family, self._port, self._key),
            self.packet_size,
        )

    def _close(self) -> None:
        super()._close()
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def _requests(self, targets: tuple[Target, ...]) -> tuple[ReturnRequest, ...]:
        return tuple(
            ReturnRequest(target, self._key + secrets.token_bytes(TOKEN_SIZE - KEY_SIZE))
            for target in targets
        )

    def _prepare(self, through: socket.socket, requests: tuple[ReturnRequest, ...]) -> None:
        hop = self._hop
        own = self._source.towards(_AFAR[self.family]) if hop is None else self._own(hop)
        kind, _ = link_address(through, self._name)
        for request in requests:
            request.awaited = "echo"
            if hop is None:
                request.fault = _NO_HOP
            elif own is None or own.is_link_local:
                request.fault = _NO_ADDRESS
            elif kind == ETHERNET and not self._find_mac(request, hop):
                request.fault = _NO_MAC
            request.own = own

    def _own(self, hop: NextHop) -> Address | None:
        if hop.source is not None and hop.source.version == self.family.value:
            return hop.source
        if hop.gateway is not None and not hop.gateway.is_link_local:
            return self._source.towards(str(hop.gateway))
        return self._source.towards(_AFAR[self.family])

    def _find_mac(self, request: ReturnRequest, hop: NextHop) -> bool:
        mac = None if hop.gateway is None else self._neighbour.mac_of(hop.gateway)
        if mac is None:
            self._look_up.set()
            return False
        request.mac = mac
        return True

    def _send_one(self, through: socket.socket, request: ReturnRequest) -> None:
        assert request.own is not None
        packet = echo_datagram.datagram(request.own, self._port, request.token)
        through.sendto(packet, (self._name, ETHERTYPE[self.family], 0, 0, request.mac))

    def _match(self, received: Received) -> tuple[OpenRound[ReturnRequest], ReturnRequest] | None:
        datagram = echo_datagram.received(received[0])
        counters = self.counters
        if datagram is None:
            counters.malformed += 1
            return None
        waiting = self._pending.get(datagram.token)
        if waiting is None:
            if datagram.token[:KEY_SIZE] == self._key and len(datagram.token) == TOKEN_SIZE:
                counters.unasked += 1
            else:
                counters.wrong_token += 1
            return None
        _, request = waiting
        if (datagram.source, datagram.source_port) != (request.own, self._port):
            counters.wrong_source += 1
        elif (datagram.destination, datagram.port) != (request.own, self._port):
            counters.wrong_target += 1
        elif datagram.hop_limit != HOP_LIMIT - 1:
            counters.wrong_hops += 1
        elif request.settled:
            counters.repeated += 1
        else:
            self._came_back = True
            return waiting
        return None


def _own_echoes(family: Family, port: int, key: bytes) -> tuple[Instruction, ...]:
    header = IP_HEADER[family]
    loads = [
        (LOAD_BYTE, _PROTOCOL_OFFSET[family], UDP),
        (LOAD_HALF, header + 2, port),
        (LOAD_WORD, header + UDP_HEADER, int.from_bytes(key)),
    ]
    if family is Family.IPV4:
        loads.insert(0, (LOAD_BYTE, 0, 0x45))
    return all_of(*loads)


def _open_guard(interface: str, family: Family) -> socket.socket:
    """A socket of UDP that has a port for itself, and drops what comes there: without one the
    kernel would tell ourselves that nobody listens (over IPv6, with each packet)."""
    sock = socket.socket(ADDRESS_FAMILY[family], socket.SOCK_DGRAM)
    try:
        packet_filter.attach(sock, ((RETURN, 0, 0, packet_filter.NOTHING),))
        bind_to(sock, interface)
        sock.bind(("", 0))
    except BaseException:
        sock.close()
        raise
    return sock


def _open(egress: Egress, _check: Check) -> EchoProber:
    return EchoProber(egress)


KIND = ProberKind(_open, frozenset({"CAP_NET_RAW"}), asks_addresses=False)
