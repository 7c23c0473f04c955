"""ICMP echo through one uplink: one raw socket, shared by all its probes.

A raw socket gets a copy of every echo reply that comes in on its interface, so a socket for each
target would make each reply be read by all of them. And most of what a round costs is waking up
tasks, so a round waits once, however many targets it has.
"""

import math
import secrets
import socket
from time import time_ns
from types import TracebackType
from typing import Any, NoReturn, Self, TypeAlias

import trio

from route_switcher.core.probing.round import RequestFault, RoundResult
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packets
from route_switcher.probes.answer_filter import KEY_SIZE, TOKEN_SIZE, Mark
from route_switcher.probes.counters import Counters
from route_switcher.probes.interface import ADDRESS_FAMILY, bound_index, index_of, named_by_link
from route_switcher.probes.late_replies import LateReplies, OnLate
from route_switcher.probes.matching import EchoRequest, EchoRound, Matching
from route_switcher.probes.nuisance import Nuisance
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.prober import Egress, ProbeNotPermitted, ProberKind, Warn
from route_switcher.probes.raw_socket import open_socket
from route_switcher.probes.reasons import fault_of, never_mends
from route_switcher.probes.receive_buffer import ReceiveBuffer
from route_switcher.probes.source_address import LinkAddresses, SourceAddress
from route_switcher.probes.stamps import CONTROL_SPACE, arrival, stamp_of

_Received: TypeAlias = tuple[bytes, list[tuple[int, int, bytes]], int, Any]
"""What recvmsg returns: data, ancillary data, flags, address."""

_PACKET_SIZE = 256
"""Bytes read of a packet: more than the longest header (60) and an answer to us (24) take."""
_SENDS_BETWEEN_READS = 32
"""Where the receive buffer cannot be made larger, it holds a few hundred answers: a large round
must not overrun its own."""
_PAUSE = 0.05
"""Seconds of rest after a receive error, so that one which stays makes no busy loop, and between
batches of a flood, which would else take all our time. Answers lose nothing by it: they are
stamped, and a deadline reads them."""


class IcmpProber:
    """Echo requests through one interface, or by the default route (`interface` is None), for one
    family. Use as a context manager.

    `run` must be running while rounds are made. Rounds of several probes may run at once. The
    interface may be missing, and may come back under another index: each round looks. `warn` takes
    a line about packets that disturb, at most one a minute. `counters` count those of no use.
    `addresses` tell which address they may be sent from; without, the kernel chooses.

    Entering raises `ProbeNotPermitted` without CAP_NET_RAW.
    """

    def __init__(
        self,
        interface: str | None,
        family: Family,
        warn: Warn = lambda _: None,
        counters: Counters | None = None,
        addresses: LinkAddresses | None = None,
    ) -> None:
        self.interface = interface
        self.family = family
        self.counters = counters or Counters()
        self._mark = Mark.drawn()
        self._sequence = secrets.randbits(16)
        self._matching = Matching(family, self.counters)
        self._late_replies = LateReplies(self._matching.forget, self._drain)
        self._nuisance = Nuisance(warn)
        self._source = SourceAddress(interface or "", family, addresses or LinkAddresses())
        self._socket: socket.socket | None = None
        self._buffer: ReceiveBuffer | None = None
        self._opened = trio.Event()
        self._emptied_at = -math.inf

    def __enter__(self) -> Self:
        try:
            self._open()
        except PermissionError as error:
            raise ProbeNotPermitted(
                f"cannot open a raw ICMP socket on {self._place} ({error.strerror}):"
                " run as root, or give the process CAP_NET_RAW"
            ) from error
        except OSError as error:
            if never_mends(error):
                raise ProbeNotPermitted(
                    f"this kernel gives no raw ICMP socket on {self._place} ({error.strerror})"
                ) from error
            fault_of(error)  # each round will try again, and tell
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    async def run(self) -> None:
        """Receive, and tell of rounds what is known of them later, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._receive)
            nursery.start_soon(self._late_replies.run)

    async def _receive(self) -> NoReturn:
        while True:
            sock = self._socket
            if sock is None:
                await self._opened.wait()
                continue
            try:
                await trio.lowlevel.wait_readable(sock)
            except trio.ClosedResourceError:
                continue  # reopened by a round
            errors = self.counters.receive_errors
            self._read()
            if self.counters.receive_errors > errors or self._nuisance.excessive:
                await trio.sleep(_PAUSE)

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        """Ask all `targets` (at least one) once; return as soon as the outcome is certain.

        Good as soon as `needed` of them have answered, each within `timeout` seconds of its own
        request; failed after the timeout, or at once if too few requests could be sent. What
        becomes of the others, and late answers, goes to `on_late`, if given.
        """
        through = self._ready()
        # What waits now is no answer to this round; and from here on, a stamp cannot be older.
        self._read()
        open_round = OpenRound(self._requests(targets), needed, timeout)
        try:
            self._send(open_round, through)
            with trio.move_on_at(open_round.deadline):
                await open_round.decided.wait()
            woken_at = trio.current_time()
            await self._drain()
            if on_late is not None:
                # What is older than this round is told before it, and more of itself after it.
                await self._late_replies.tell_due()
            result = open_round.result(woken_at)
            if on_late is not None:
                self._late_replies.follow(open_round, result, on_late)
        finally:
            if open_round not in self._late_replies:
                self._matching.forget(open_round)
        if self._socket is None or self.interface is None:
            return result
        return named_by_link(result, self._socket, self.interface)

    @property
    def _place(self) -> str:
        return self.interface or "no interface"

    def _open(self) -> socket.socket:
        self._mark = Mark.drawn()
        self._nuisance.kept_out()
        self._socket = open_socket(self.interface, self.family, self._mark)
        self._buffer = ReceiveBuffer(self._socket)
        self._emptied_at = trio.current_time()
        self._opened.set()
        return self._socket

    def _close(self) -> None:
        if self._socket is not None:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()
            self._socket = self._buffer = None
            self._opened = trio.Event()

    def _ready(self) -> socket.socket | RequestFault:
        """The socket, open on the interface as it is now, or what prevents that."""
        if self._socket is not None:
            # Sending does not tell reliably: over IPv6 a deleted interface gives ENETUNREACH.
            if self._nuisance.excessive:
                self._lose("answers may have been lost among forged ones")
            elif self.interface is None or (
                index_of(self._socket, self.interface) == bound_index(self._socket)
            ):
                return self._socket
            self._close()
        try:
            return self._open()
        except OSError as error:
            return fault_of(error)

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

    def _send(self, open_round: EchoRound, through: socket.socket | RequestFault) -> None:
        identifier = self._mark.identifier
        if isinstance(through, socket.socket):
            self._source.keep(through, open_round.requests[0].address)
        for number, request in enumerate(open_round.requests, 1):
            request.sent_at = trio.current_time()
            if isinstance(through, RequestFault):
                request.fault = through
                continue
            self._matching.expect(request, open_round)
            packet = packets.request(self.family, identifier, request.sequence, request.token)
            try:
                through.sendto(packet, (request.address, 0))
            except OSError as error:
                request.fault = fault_of(error)
            if number % _SENDS_BETWEEN_READS == 0:
                self._read()
        self._nuisance.asked(len(open_round.requests))
        open_round.sent()

    async def _drain(self) -> None:
        """Read what waits now, whatever comes meanwhile, and let other tasks run in between."""
        if self._read() or self._buffer is None:
            return
        for _ in range(0, self._buffer.waiting(), self._buffer.batch):
            await trio.lowlevel.checkpoint()
            if self._read():
                return

    def _read(self) -> bool:
        """Read a batch of what waits, and note the answers among it. Whether nothing waits now."""
        if self._socket is None or self._buffer is None:
            return True
        began = trio.current_time()
        received = []
        for _ in range(self._buffer.batch):
            try:
                received.append(self._socket.recvmsg(_PACKET_SIZE, CONTROL_SPACE))
            except BlockingIOError:
                self._take(received)
                self._emptied_at = began
                return True
            except OSError as error:
                fault = fault_of(error)  # raises a mistake of ours
                self.counters.receive_errors += 1
                if fault.outcome is RoundOutcome.UNKNOWN:
                    self._lose(f"answers could not be read: {fault.words}")
        self._take(received)
        if self._buffer.overrun():
            self.counters.overruns += 1
            self._nuisance.overrun()
            self._lose("answers may have been lost: the receive buffer was full")
        return False

    def _lose(self, why: str) -> None:
        for open_round in self._matching.rounds:
            open_round.lose(why)

    def _take(self, received: list[_Received]) -> None:
        """Note the answers among `received`. A stamp is no older than the last empty queue."""
        wall, now = time_ns(), trio.current_time()
        useless = 0
        for packet, ancillary, _flags, source in received:
            matched = self._matching.match(packet, source[0], self._mark.identifier)
            if matched is None:
                useless += 1
                continue
            open_round, request = matched
            stamp = stamp_of(ancillary)
            arrived = None if stamp is None else arrival(stamp, wall, now, self._emptied_at)
            if arrived is None:
                self.counters.implausible_stamps += 1
                arrived = now
            if not open_round.answer(request, max(0.0, arrived - request.sent_at)):
                self.counters.late += 1
            self._late_replies.answered(open_round, request)
        if useless:
            self._nuisance.note(useless)


def _open(egress: Egress, _check: Check) -> IcmpProber:
    return IcmpProber(
        egress.interface, egress.family, egress.warn, egress.counters, egress.addresses
    )


KIND = ProberKind(_open, frozenset({"CAP_NET_RAW"}))
