"""Probers whose requests and answers are single packets: one socket, shared by all probes.

A socket of packets gets a copy of all that comes in on its interface, so a socket for each target
would make each answer be read by all of them. And most of what a round costs is waking up tasks, so
a round waits once, however many targets it has.
"""

import math
import socket
from abc import ABC, abstractmethod
from time import time_ns
from types import TracebackType
from typing import Any, ClassVar, Generic, NoReturn, Self, TypeAlias

import trio

from route_switcher.core.probing.round import AnyRequest, RequestFault, RoundResult
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes import packet_socket
from route_switcher.probes.interface import bound_index, index_of, named_by_link
from route_switcher.probes.late_replies import LateReplies, OnLate
from route_switcher.probes.nuisance import Nuisance
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.pending import Pending
from route_switcher.probes.prober import Egress, ProbeNotPermitted
from route_switcher.probes.reasons import fault_of, never_mends
from route_switcher.probes.receive_buffer import ReceiveBuffer
from route_switcher.probes.stamps import CONTROL_SPACE, arrival, stamp_of

Ancillary: TypeAlias = list[tuple[int, int, bytes]]

Received: TypeAlias = tuple[bytes, Ancillary, int, Any]
"""What recvmsg returns: data, ancillary data, flags, address."""

_SENDS_BETWEEN_READS = 32
"""Where the receive buffer cannot be made larger, it holds a few hundred answers: a large round
must not overrun its own."""
_PAUSE = 0.05
"""Seconds of rest after a receive error, so that one which stays makes no busy loop, and between
batches of a flood, which would else take all our time. Answers lose nothing by it: they are
stamped, and a deadline reads them."""


class PacketProber(ABC, Generic[AnyRequest]):
    """Asks targets through one egress, by single packets. Use as a context manager.

    `run` must be running while rounds are made. Rounds of several probes may run at once. The
    interface may be missing, and may come back under another index: each round looks. A subclass
    says which socket that is, what is sent, and which packet answers what.

    Entering raises `ProbeNotPermitted` without CAP_NET_RAW.
    """

    socket_words: ClassVar[str]
    """What its socket is, as a sentence has it after `cannot open`."""
    answer_words: ClassVar[str]
    """What its answers are, in the plural."""
    packet_size: int = 256
    """Bytes read of a packet: more than an answer to us and the headers before it take."""
    control_space: ClassVar[int] = CONTROL_SPACE
    """Bytes of ancillary data that are read."""

    def __init__(self, egress: Egress, pending: Pending[Any, AnyRequest]) -> None:
        self.egress = egress
        self.interface = egress.interface
        self.family = egress.family
        self.counters = egress.counters
        self._pending = pending
        self._late_replies: LateReplies[AnyRequest] = LateReplies(pending.forget, self._drain)
        self._nuisance = Nuisance(egress.warn, self.answer_words)
        self._socket: socket.socket | None = None
        self._buffer: ReceiveBuffer | None = None
        self._opened = trio.Event()
        self._emptied_at = -math.inf

    @abstractmethod
    def _open_socket(self) -> socket.socket:
        """A new non-blocking socket, with a new mark if it has one. Raises OSError."""

    @abstractmethod
    def _requests(self, targets: tuple[Target, ...]) -> tuple[AnyRequest, ...]:
        """What is asked of each target."""

    @abstractmethod
    def _send_one(self, through: socket.socket, request: AnyRequest) -> None:
        """Send one request. Raises OSError."""

    @abstractmethod
    def _match(self, received: Received) -> tuple[OpenRound[AnyRequest], AnyRequest] | None:
        """The request that a packet answers, and its round; None, and a count, if none."""

    def _prepare(self, through: socket.socket, requests: tuple[AnyRequest, ...]) -> None:
        """Make the socket ready to send these. Raises OSError."""

    def _result(self, open_round: OpenRound[AnyRequest], now: float) -> RoundResult:
        """What a round comes to whose waiting ended `now`."""
        return open_round.result(now)

    def _take_error(self, _error: OSError) -> bool:
        """Whether an error of receiving says what is read elsewhere, and nothing more."""
        return False

    def _read_errors(self) -> None:
        """Read what else the kernel has for this socket."""

    def __enter__(self) -> Self:
        place = self.interface or "no interface"
        try:
            self._open()
        except PermissionError as error:
            raise ProbeNotPermitted(
                f"cannot open {self.socket_words} on {place} ({error.strerror}):"
                " run as root, or give the process CAP_NET_RAW"
            ) from error
        except OSError as error:
            if never_mends(error):
                raise ProbeNotPermitted(
                    f"this kernel gives no {self.socket_words.partition(' ')[2]} on {place}"
                    f" ({error.strerror})"
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
            except OSError as error:  # no memory to wait, or no more may be waited for
                fault_of(error)  # raises a mistake of ours
                await trio.sleep(_PAUSE)
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
            result = self._result(open_round, woken_at)
            if on_late is not None:
                self._late_replies.follow(open_round, result, on_late)
        finally:
            if open_round not in self._late_replies:
                self._pending.forget(open_round)
        if self._socket is None or self.interface is None:
            return result
        return named_by_link(result, self._socket, self.interface)

    def _open(self) -> socket.socket:
        self._nuisance.kept_out()
        self._socket = self._open_socket()
        self._buffer = ReceiveBuffer(self._socket)
        self._emptied_at = trio.current_time()
        self._opened.set()
        return self._socket

    def _close(self) -> None:
        if self._socket is not None:
            trio.lowlevel.notify_closing(self._socket)
            packet_socket.close(self._socket)
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

    def _send(
        self, open_round: OpenRound[AnyRequest], through: socket.socket | RequestFault
    ) -> None:
        if isinstance(through, socket.socket):
            try:
                self._prepare(through, open_round.requests)
            except OSError as error:
                through = fault_of(error)
        for number, request in enumerate(open_round.requests, 1):
            request.sent_at = trio.current_time()
            if isinstance(through, RequestFault):
                request.fault = through
                continue
            if request.fault is not None:
                continue
            self._pending.expect(request, open_round)
            try:
                self._send_one(through, request)
            except OSError as error:
                request.fault = self._send_fault(error)
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
        self._read_errors()
        began = trio.current_time()
        received: list[Received] = []
        for _ in range(self._buffer.batch):
            try:
                received.append(self._socket.recvmsg(self.packet_size, self.control_space))
            except BlockingIOError:
                self._take(received)
                self._emptied_at = began
                return True
            except OSError as error:
                if self._take_error(error):
                    continue
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

    def _send_fault(self, error: OSError) -> RequestFault:
        """What an error of sending says."""
        return fault_of(error)

    def _lose(self, why: str) -> None:
        for open_round in self._pending.rounds:
            open_round.lose(why)

    def _take(self, received: list[Received]) -> None:
        """Note the answers among `received`. A stamp is no older than the last empty queue."""
        wall, now = time_ns(), trio.current_time()
        useless = 0
        for each in received:
            matched = self._match(each)
            if matched is None:
                useless += 1
                continue
            open_round, request = matched
            stamp = stamp_of(each[1])
            arrived = None if stamp is None else arrival(stamp, wall, now, self._emptied_at)
            if arrived is None:
                self.counters.implausible_stamps += 1
                arrived = now
            if not open_round.answer(request, max(0.0, arrived - request.sent_at)):
                self.counters.late += 1
            self._late_replies.answered(open_round, request)
        if useless:
            self._nuisance.note(useless)
