"""One request to the kernel and all that it answers (netlink(7), rtnetlink(7)).

Every conversation has a socket of its own. So a cancelled one leaves nothing behind that the next
could mistake for its answer, and a change never waits for a long dump to end.
"""

import itertools
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

import trio

from route_switcher.kernel.rtnetlink import locked_calls
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.framing import (
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    Discarded,
    Message,
    split,
)
from route_switcher.kernel.rtnetlink.messages import acknowledgement
from route_switcher.kernel.rtnetlink.scarcity import patience_ends, pause, readable

T = TypeVar("T")

Cut: TypeAlias = Callable[[bytes, Discarded], Iterator[Message]]
"""Cuts a datagram into those of its messages that matter; the default ones are `split`'s."""

RECEIVE_SIZE = 65536
"""Bytes. A dump fills as much as is offered, up to 32 KiB."""

_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12

_LONG = 16384
"""Bytes of a datagram after which others get a turn."""

_DATAGRAMS = 8
"""Those that a thread receives before the loop has a turn."""

_AT_ONCE = 100
"""Messages that are parsed before others get a turn: some 3 ms."""

_ATTEMPTS = 4
_LONGEST_AGAIN = 0.02
"""How often an interrupted dump is taken, unless it takes so many seconds. The last is used as it
is: a table that never rests must not keep us here, and is looked at again before long."""

_sequences = itertools.count(1)


def next_sequence() -> int:
    """A number that no other request carries for a long time."""
    return next(_sequences) & 0xFFFFFFFF


class KernelError(Exception):
    """The kernel refused a request: `code` is the errno, `text` its own words, or empty."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class Replies(list[Message]):
    """Takes in datagrams until the answer to the request `sequence` is complete."""

    def __init__(self, sequence: int, discarded: Discarded, cut: Cut = split) -> None:
        super().__init__()
        self.complete = False
        self.interrupted = False
        """The dump is inconsistent (NLM_F_DUMP_INTR): something changed meanwhile."""
        self._sequence = sequence
        self._discarded = discarded
        self._cut = cut

    def feed(self, datagram: bytes, sender: int) -> None:
        """Take in `datagram` from the netlink port `sender`; the kernel's is 0.

        Raises KernelError if the kernel refused the request.
        """
        if sender != 0:
            self._discarded.not_from_kernel += 1
            return
        for message in self._cut(datagram, self._discarded):
            if message.sequence != self._sequence:
                continue
            self.interrupted |= bool(message.flags & NLM_F_DUMP_INTR)
            if message.kind in (NLMSG_DONE, NLMSG_ERROR):
                self._end(message)
            else:
                self.append(message)

    def _end(self, message: Message) -> None:
        self.complete = True
        try:
            end = acknowledgement(message)
        except MalformedMessageError:
            self._discarded.malformed += 1
            return
        if end.code:
            raise KernelError(end.code, end.text)


class Conversation:
    """Requests one after another on one socket. Use as an asynchronous context manager.

    Entering waits for a minute where descriptors or memory have run out: another user may have
    taken them, and to end then would leave the uplink to itself. After that it raises NoSocket.
    """

    def __init__(self, discarded: Discarded) -> None:
        self._discarded = discarded
        self._socket: socket.socket
        self._lent = False
        """A thread has the socket, and closes it if nobody waits for that thread."""
        self._received: deque[tuple[bytes, int]] = deque()

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    async def _open(self) -> None:
        self._socket = await _opened()
        self._socket.setblocking(False)
        self._received.clear()
        prepare(self._socket)

    def _close(self) -> None:
        trio.lowlevel.notify_closing(self._socket)
        if not self._lent:
            self._socket.close()

    async def ask(
        self,
        build: Callable[[int], bytes],
        enough: Callable[[bytes], bool] = lambda _: False,
        cut: Cut = split,
    ) -> Replies:
        """All that answers the request that `build` makes of a sequence number, or what came until
        a datagram was `enough`: then nothing more can be asked.

        The kernel has mostly answered when the request is sent, so others run in between only while
        a long dump goes on (it may be a full BGP table), or while somebody holds the kernel's lock
        (`locked_calls`). Where memory has run out, it asks again on another socket, as long as
        entering waits. Raises KernelError.
        """
        end = patience_ends()
        while True:
            try:
                return await self._asked(build, enough, cut)
            except OSError as error:
                await pause(error, end, "the kernel could not be asked")
            self._close()
            await self._open()

    async def _asked(
        self, build: Callable[[int], bytes], enough: Callable[[bytes], bool], cut: Cut
    ) -> Replies:
        sequence = next_sequence()
        replies = Replies(sequence, self._discarded, cut)
        datagram, sender = await self.received(build(sequence))
        while True:
            replies.feed(datagram, sender)
            if replies.complete or enough(datagram):
                return replies
            if len(datagram) > _LONG:
                await trio.lowlevel.checkpoint()
            datagram, sender = await self.received()

    async def read(
        self, build: Callable[[int], bytes], parse: Callable[[Message], T | None]
    ) -> list[T]:
        """As `read`, without a second attempt."""
        return parsed(await self.ask(build), parse, self._discarded)

    async def received(self, requests: bytes = b"") -> tuple[bytes, int]:
        """The next datagram, and the netlink port of its sender; the kernel's is 0. Before that,
        `requests` are sent: one, or several one behind the other."""
        if requests:
            self._received += await self._by_thread(partial(_turn, self._socket, requests))
        while not self._received:
            await readable(self._socket)
            self._received += await self._by_thread(partial(_turn, self._socket))
        return self._received.popleft()

    async def _by_thread(self, work: Callable[[], T]) -> T:
        self._lent = True
        result = await locked_calls.by_thread(work, self._socket.close)
        self._lent = False
        return result()


async def command(build: Callable[[int], bytes], discarded: Discarded) -> None:
    """Send the request that `build` makes of a sequence number, until it is acknowledged.

    Raises KernelError.
    """
    async with Conversation(discarded) as conversation:
        await conversation.ask(build)
    await trio.lowlevel.checkpoint()


async def read(
    build: Callable[[int], bytes],
    parse: Callable[[Message], T | None],
    discarded: Discarded,
    enough: Callable[[bytes], bool] = lambda _: False,
    cut: Cut = split,
    *,
    in_parts: bool = True,
) -> list[T]:
    """What `parse` makes of each answer to the request that `build` makes of a sequence number,
    up to the first datagram that is `enough`. `in_parts`: others get a turn while many are parsed.

    Raises KernelError.
    """
    attempts = 0
    while True:
        attempts += 1
        began = trio.current_time()
        async with Conversation(discarded) as conversation:
            replies = await conversation.ask(build, enough, cut)
        await trio.lowlevel.checkpoint()
        took_long = trio.current_time() - began > _LONGEST_AGAIN
        if not replies.interrupted or took_long or attempts == _ATTEMPTS:
            if not in_parts:
                return parsed(replies, parse, discarded)
            found = []
            for first in range(0, len(replies), _AT_ONCE):
                found += parsed(replies[first : first + _AT_ONCE], parse, discarded)
                await trio.lowlevel.checkpoint()
            return found


def _turn(channel: socket.socket, requests: bytes = b"") -> list[tuple[bytes, int]]:
    """Send, and receive what is there: datagrams, and the ports of their senders."""
    if requests:
        channel.send(requests)
    found: list[tuple[bytes, int]] = []
    with suppress(BlockingIOError):
        while len(found) < _DATAGRAMS:
            datagram, (sender, _) = channel.recvfrom(RECEIVE_SIZE)
            found.append((datagram, sender))
    return found


def parsed(
    messages: Iterable[Message], parse: Callable[[Message], T | None], discarded: Discarded
) -> list[T]:
    """What `parse` makes of each of `messages`; malformed ones are counted and dropped."""
    found = []
    for message in messages:
        try:
            made = parse(message)
        except MalformedMessageError:
            discarded.malformed += 1
            continue
        if made is not None:
            found.append(made)
    return found


async def _opened() -> socket.socket:
    end = patience_ends()
    while True:
        try:
            return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        except OSError as error:
            await pause(error, end, "no socket could be opened")


def prepare(channel: socket.socket) -> None:
    """Ask for errors in words and without our request in them, and for filtered dumps.

    A kernel that knows none of these gives bare numbers and whole dumps, which do as well.
    """
    for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
        with suppress(OSError):
            channel.setsockopt(_SOL_NETLINK, option, 1)
