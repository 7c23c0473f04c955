"""A packet stream from the LAN client to the internet and back: what a user would notice.

A datagram with a sequence number leaves the client every millisecond and is sent back by an
echo service (RFC 862) in the internet. The times of each are kept, so any interval can be judged.
"""

import math
import socket
import struct
import threading
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from route_switcher.core.vocabulary.uplinks import Address, Family, family_of
from route_switcher.lab.addresses import CLIENT, INTERNET
from route_switcher.lab.topology import Lab

_ECHO_PORT = 7
_SEQUENCE = struct.Struct("!Q")
_LAST_REPLIES = (
    0.5  # seconds for what the kernel still has at the end, if it does not all come back
)
_WAKE = 0.1  # seconds after which a waiting thread looks whether it should end
_CATCH_UP = 0.01  # seconds of delay made up for by a burst; a longer burst would overflow buffers
_BUFFER = 1 << 20  # bytes asked for; the kernel may give less


@dataclass(frozen=True, slots=True)
class Outage:
    """What an interval of the stream came to."""

    sent: int
    lost: int
    milliseconds: float
    """The longest time, by sending, from one answered packet to the next with lost ones between,
    less the period. 0 if nothing was lost."""


class PacketStream:
    """The stream, from `__enter__` to `__exit__`, for `seconds` at most.

    `rate` is packets a second; `target` one of the lab's targets (default: the first of IPv4);
    `sender` the namespace that it comes from (the router: then they are packets of its own).
    Raises `OSError` on entry if a socket cannot be had.
    """

    def __init__(
        self,
        lab: Lab,
        *,
        target: Address | None = None,
        rate: int = 1000,
        seconds: float = 60.0,
        sender: str = CLIENT,
    ) -> None:
        self._lab = lab
        self._sender = sender
        self._target = lab.targets_v4[0] if target is None else target
        self._period = 1 / rate
        self._seconds = seconds
        places = math.ceil(rate * seconds)
        self._sent_at = array("d", bytes(8 * places))
        self._returned_at = array("d", bytes(8 * places))  # 0 while it has not
        self._sent = 0
        self._returned = 0
        self._enough = threading.Event()
        self._over = threading.Event()
        # Each is set when nothing has come for a while.
        self._nothing_to_echo = threading.Event()
        self._nothing_to_receive = threading.Event()
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            client = undo.enter_context(self._socket_in(self._sender))
            internet = undo.enter_context(self._socket_in(INTERNET))
            internet.bind((str(self._target), _ECHO_PORT))
            # Undone in reverse: sending ends, the last replies come, the rest ends.
            self._echoing = _start(undo, "echo", self._echo, internet)
            self._receiving = _start(undo, "receive", self._receive, client)
            undo.callback(self._over.set)
            undo.callback(self._await_last_replies)
            _start(undo, "send", self._send, client)
            undo.callback(self._enough.set)
            self._closing = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def stop(self) -> None:
        """End the stream and wait for the last replies; what it recorded stays."""
        self._closing.close()

    @property
    def sent(self) -> int:
        """How many packets have been sent up to now."""
        return self._sent

    def outage(
        self, since: float = -math.inf, until: float = math.inf, patience: float = math.inf
    ) -> Outage:
        """The packets sent from `since` to `until` (seconds of `time.monotonic`).

        One that came back after more than `patience` seconds counts as lost: after a lost carrier
        some wait at the router until it is back. One still under way counts as lost too: ask when
        the stream has stopped, or about an interval that ended a little while ago.
        """
        sent = lost = 0
        longest = 0.0
        last_good: float | None = None
        lost_since_good = 0
        previous = 0.0
        for number in range(self._sent):
            sent_at = self._sent_at[number]
            if not since <= sent_at <= until:
                continue
            if last_good is None:
                last_good = sent_at - self._period
            sent += 1
            previous = sent_at
            returned_at = self._returned_at[number]
            if returned_at == 0.0 or returned_at - sent_at > patience:
                lost += 1
                lost_since_good += 1
                continue
            if lost_since_good:
                longest = max(longest, sent_at - last_good - self._period)
            last_good, lost_since_good = sent_at, 0
        if lost_since_good and last_good is not None:
            longest = max(longest, previous - last_good)
        return Outage(sent, lost, 1000 * longest)

    def round_trips(self) -> list[float]:
        """Seconds from sending to return, of those that came back, in the order of sending."""
        pairs = zip(self._sent_at, self._returned_at, strict=True)
        return [back - sent for sent, back in pairs if back]

    def _socket_in(self, namespace: str) -> socket.socket:
        family = socket.AF_INET if family_of(self._target) is Family.IPV4 else socket.AF_INET6
        with self._lab.inside(namespace):
            made = socket.socket(family, socket.SOCK_DGRAM)
        made.settimeout(_WAKE)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        return made

    def _send(self, client: socket.socket) -> None:
        destination = (str(self._target), _ECHO_PORT)
        due = time.monotonic()
        end = due + self._seconds
        for number in range(len(self._sent_at)):
            while (now := time.monotonic()) < due:
                time.sleep(due - now)
            if self._enough.is_set() or now >= end:
                return
            self._sent_at[number] = now
            self._sent = number + 1
            with suppress(OSError):  # no route, or a full queue: one more packet lost
                client.sendto(_SEQUENCE.pack(number), destination)
            due = max(due + self._period, now - _CATCH_UP)

    def _receive(self, client: socket.socket) -> None:
        while not self._over.is_set():
            try:
                number: int
                (number,) = _SEQUENCE.unpack(client.recv(_SEQUENCE.size))
                self._returned_at[number] = time.monotonic()
                self._returned += 1
            except TimeoutError:
                self._nothing_to_receive.set()
            except OSError:
                pass  # an ICMP error

    def _echo(self, internet: socket.socket) -> None:
        while not self._over.is_set():
            try:
                request = internet.recvfrom(_SEQUENCE.size)
            except TimeoutError:
                self._nothing_to_echo.set()
                continue
            except OSError:
                continue  # an ICMP error
            with suppress(OSError):  # no way back
                internet.sendto(*request)

    def _await_last_replies(self) -> None:
        deadline = time.monotonic() + _LAST_REPLIES
        while time.monotonic() < deadline:
            if self._returned == self._sent:
                return
            time.sleep(0.01)
        # A busy machine may have let our own threads wait all that time.
        for thread, nothing_comes in (
            (self._echoing, self._nothing_to_echo),
            (self._receiving, self._nothing_to_receive),
        ):
            nothing_comes.clear()
            while thread.is_alive() and not nothing_comes.wait(_WAKE):
                pass


def _start(
    undo: ExitStack, name: str, act: Callable[[socket.socket], None], at_socket: socket.socket
) -> threading.Thread:
    thread = threading.Thread(target=act, args=(at_socket,), name=f"stream {name}")
    thread.start()
    undo.callback(thread.join)
    return thread
