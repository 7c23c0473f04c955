"""ICMP echo through one uplink."""

import secrets
import socket

from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packets
from route_switcher.probes.answer_filter import KEY_SIZE, TOKEN_SIZE, Mark
from route_switcher.probes.counters import Counters
from route_switcher.probes.interface import ADDRESS_FAMILY
from route_switcher.probes.matching import EchoRequest, EchoRound, Matching
from route_switcher.probes.packet_prober import PacketProber, Received
from route_switcher.probes.prober import Egress, ProberKind, Warn
from route_switcher.probes.raw_socket import open_socket
from route_switcher.probes.source_address import LinkAddresses, SourceAddress


class IcmpProber(PacketProber[EchoRequest]):
    """Echo requests through one interface, or by the default route (`interface` is None), for one
    family.

    `warn` takes a line about packets that disturb, at most one a minute. `counters` count those of
    no use. `addresses` tell which address they may be sent from; without, the kernel chooses.
    """

    socket_words = "a raw ICMP socket"
    answer_words = "echo replies"

    def __init__(
        self,
        interface: str | None,
        family: Family,
        warn: Warn = lambda _: None,
        counters: Counters | None = None,
        addresses: LinkAddresses | None = None,
    ) -> None:
        egress = Egress(
            interface=interface,
            family=family,
            warn=warn,
            counters=counters or Counters(),
            addresses=addresses or LinkAddresses(),
        )
        self._matching = Matching(family, egress.counters)
        super().__init__(egress, self._matching)
        self._mark = Mark.drawn()
        self._sequence = secrets.randbits(16)
        self._source = SourceAddress(interface or "", family, egress.addresses)

    def _open_socket(self) -> socket.socket:
        self._mark = Mark.drawn()
        return open_socket(self.interface, self.family, self._mark)

    def _requests(self, targets: tuple[Target, ...]) -> tuple[EchoRequest, ...]:
        size = TOKEN_SIZE - KEY_SIZE
        secret = secrets.token_bytes(size * len(targets))
        family = ADDRESS_FAMILY[self.family]
        requests = []
        for place, target in enumerate(targets):
            # Far fewer than 65536 requests wait for an answer in time: only numbers that are
            # remembered for late answers are ever taken over.
            self._sequence = (self._sequence + 1) & 0xFFFF
            address = socket.inet_ntop(family, socket.inet_pton(family, target.address))
            token = self._mark.key + secret[place * size : (place + 1) * size]
            requests.append(EchoRequest(target, address, self._sequence, token))
        return tuple(requests)

    def _prepare(self, through: socket.socket, requests: tuple[EchoRequest, ...]) -> None:
        self._source.keep(through, requests[0].address)

    def _send_one(self, through: socket.socket, request: EchoRequest) -> None:
        packet = packets.request(
            self.family, self._mark.identifier, request.sequence, request.token
        )
        through.sendto(packet, (request.address, 0))

    def _match(self, received: Received) -> tuple[EchoRound, EchoRequest] | None:
        packet, _, _, source = received
        return self._matching.match(packet, source[0], self._mark.identifier)


def _open(egress: Egress, _check: Check) -> IcmpProber:
    return IcmpProber(
        egress.interface, egress.family, egress.warn, egress.counters, egress.addresses
    )


KIND = ProberKind(_open, frozenset({"CAP_NET_RAW"}))
