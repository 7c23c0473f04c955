"""One request to the kernel and all that it answers (netlink(7), rtnetlink(7)).

Every exchange has a socket of its own. So a cancelled one leaves nothing behind that the next
could mistake for its answer, and a change never waits for a long dump to end.
"""

import itertools
import socket
from collections.abc import Callable, Iterable
from typing import TypeVar

import trio

from route_switcher.kernel.codec import MalformedMessageError
from route_switcher.kernel.framing import (
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    Discarded,
    Message,
    split,
)
from route_switcher.kernel.messages import acknowledgement

T = TypeVar("T")

RECEIVE_SIZE = 65536
"""Bytes. A dump fills as much as is offered, up to 32 KiB."""

_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NETLINK_GET_STRICT_CHK = 12

_ATTEMPTS = 4
"""How often an interrupted dump is taken. The last is used as it is: what interrupted it makes
news, and those lead to another dump; a table that never rests must not keep us here."""

_sequences = itertools.count(1)


class KernelError(Exception):
    """The kernel refused a request: `code` is the errno, `text` its own words, or empty."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class Replies(list[Message]):
    """Takes in datagrams until the answer to the request `sequence` is complete."""

    def __init__(self, sequence: int, discarded: Discarded) -> None:
        super().__init__()
        self.complete = False
        self.interrupted = False
        """The dump is inconsistent (NLM_F_DUMP_INTR): something changed meanwhile."""
        self._sequence = sequence
        self._discarded = discarded

    def feed(self, datagram: bytes, sender: int) -> None:
        """Take in `datagram` from the netlink port `sender`; the kernel's is 0.

        Raises KernelError if the kernel refused the request.
        """
        if sender != 0:
            self._discarded.not_from_kernel += 1
            return
        for message in split(datagram, self._discarded):
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


async def command(build: Callable[[int], bytes], discarded: Discarded) -> None:
    """Send the request that `build` makes of a sequence number, until it is acknowledged.

    Raises KernelError.
    """
    await _exchange(build, discarded)


async def read(
    build: Callable[[int], bytes],
    parse: Callable[[Message], T | None],
    discarded: Discarded,
) -> list[T]:
    """What `parse` makes of each answer to the request that `build` makes of a sequence number.

    Raises KernelError.
    """
    for _ in range(_ATTEMPTS):
        replies = await _exchange(build, discarded)
        if not replies.interrupted:
            break
    return parsed(replies, parse, discarded)


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


async def _exchange(build: Callable[[int], bytes], discarded: Discarded) -> Replies:
    sequence = next(_sequences) & 0xFFFFFFFF
    replies = Replies(sequence, discarded)
    with trio.socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as channel:
        _prepare(channel)
        await channel.send(build(sequence))
        while not replies.complete:
            # A checkpoint for every 32 KiB: a dump of a full BGP table does not stall the probes.
            datagram, (sender, _) = await channel.recvfrom(RECEIVE_SIZE)
            replies.feed(datagram, sender)
    return replies


def _prepare(channel: trio.socket.SocketType) -> None:
    """Ask for errors in words and without our request in them, and for filtered dumps."""
    for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
        channel.setsockopt(_SOL_NETLINK, option, 1)
