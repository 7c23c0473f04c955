"""ICMP echo through one uplink."""

import errno
import secrets
import socket

from route_switcher.core.probing.round import RequestFault, RoundResult
from route_switcher.core.vocabulary.checks import TOKEN_SIZE, Check, IcmpEcho
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packets
from route_switcher.probes.answer_filter import KEY_SIZE, Mark
from route_switcher.probes.counters import Counters
from route_switcher.probes.full_size import TooBig, forbid_fragments, too_big
from route_switcher.probes.interface import ADDRESS_FAMILY, mtu_of
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
    `size`: bytes that a request carries, in one piece; without, as few as will do.
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
        size: int | None = None,
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
        self._size = size
        self._filler = bytes((size or TOKEN_SIZE) - TOKEN_SIZE)
        self.packet_size += len(self._filler)
        self._too_big: dict[int, TooBig] = {}
        """Who does not forward the requests with these numbers."""

    def _open_socket(self) -> socket.socket:
        self._mark = Mark.drawn()
        sock = open_socket(self.interface, self.family, self._mark, TOKEN_SIZE + len(self._filler))
        if self._size is not None:
            forbid_fragments(sock, self.family)
        return sock

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
            token = self._mark.key + secret[place * size : (place + 1) * size] + self._filler
            requests.append(EchoRequest(target, address, self._sequence, token))
        return tuple(requests)

    def _prepare(self, through: socket.socket, requests: tuple[EchoRequest, ...]) -> None:
        self._source.keep(through, requests[0].address)

    def _send_one(self, through: socket.socket, request: EchoRequest) -> None:
        packet = packets.request(
            self.family, self._mark.identifier, request.sequence, request.token
        )
        try:
            through.sendto(packet, (request.address, 0))
        except OSError:
            if self._size is None:
                raise
            # It may be what the kernel was told of an earlier request.
            self._read_errors()
            through.sendto(packet, (request.address, 0))

    def _send_fault(self, error: OSError) -> RequestFault:
        if self._size is None or error.errno != errno.EMSGSIZE or self._socket is None:
            return super()._send_fault(error)
        mtu = mtu_of(self._socket, self.interface) if self.interface is not None else None
        limit = "" if mtu is None else f" (MTU {mtu})"
        return RequestFault(RoundOutcome.FAILED, f"larger than the interface takes{limit}")

    def _take_error(self, error: OSError) -> bool:
        # What routers tell of a request: `_read_errors` reads it too, and more of it.
        return self._size is not None and error.errno not in (errno.ENETDOWN, errno.ENODEV)

    def _read_errors(self) -> None:
        if self._size is None or self._socket is None or self._buffer is None:
            return
        for _ in range(self._buffer.batch):
            told = too_big(self._socket, self.family)
            if told is None:
                return
            ours = told.identifier == self._mark.identifier
            if not ours or self._matching.get(told.sequence) is None:
                self._nuisance.note(1)
            elif told.mtu:
                self._too_big[told.sequence] = told

    def _result(self, open_round: EchoRound, now: float) -> RoundResult:
        for request in open_round.requests:
            told = self._too_big.pop(request.sequence, None)
            if told is not None and not request.settled:
                request.fault = RequestFault(RoundOutcome.FAILED, str(told))
        return open_round.result(now)

    def _match(self, received: Received) -> tuple[EchoRound, EchoRequest] | None:
        packet, _, _, source = received
        return self._matching.match(packet, source[0], self._mark.identifier)


def _open(egress: Egress, check: Check) -> IcmpProber:
    assert isinstance(check, IcmpEcho)
    return IcmpProber(
        egress.interface,
        egress.family,
        egress.warn,
        egress.counters,
        egress.addresses,
        check.size,
    )


KIND = ProberKind(_open, frozenset({"CAP_NET_RAW"}))
