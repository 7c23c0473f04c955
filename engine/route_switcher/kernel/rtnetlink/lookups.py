"""Asks the kernel for the ways of many packets at once."""

import errno
from collections.abc import Mapping, Sequence
from functools import cache

import trio

from route_switcher.core.vocabulary.lookups import Answer, Lookup, Refused, Unanswered
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.exchange import Conversation, next_sequence
from route_switcher.kernel.rtnetlink.framing import HEADER, NLMSG_ERROR, Discarded, Message
from route_switcher.kernel.rtnetlink.kernel_routes import NameOf, kernel_route
from route_switcher.kernel.rtnetlink.messages import acknowledgement
from route_switcher.kernel.rtnetlink.route_query import IndexOf, question, refused

PATIENCE = 1.0
"""Seconds for all questions together. The kernel has mostly answered when they have been sent."""

AT_ONCE = 32
"""Questions in one send. The answers to all of them fit into the default receive buffer of a socket
(net.core.rmem_default, 212992 bytes). Measured on Linux 6.18: it holds 256 answers that tell of one
next hop or refuse, 92 that tell of 64 next hops, and 48 of the largest. For those that do not fit,
the kernel makes the next read fail with ENOBUFS."""


async def answers(
    lookups: Sequence[Lookup],
    index_of: IndexOf,
    name_of: NameOf,
    discarded: Discarded,
    patience: float = PATIENCE,
) -> Mapping[Lookup, Answer]:
    """What the kernel says to each of `lookups`, within `patience` seconds.

    Others run in between. What could not be asked or read in time is `Unanswered`.
    """
    index_of, name_of = cache(index_of), cache(name_of)
    found: dict[Lookup, Answer] = {}
    reason = f"the kernel has not answered within {patience:g} s"
    with trio.move_on_after(patience):
        try:
            async with Conversation(discarded) as conversation:
                for start in range(0, len(lookups), AT_ONCE):
                    await trio.lowlevel.checkpoint()
                    some = lookups[start : start + AT_ONCE]
                    await _ask(conversation, some, index_of, name_of, discarded, found)
        except OSError as error:
            reason = f"the kernel cannot be asked: {error.strerror}"
    return {lookup: found.get(lookup, Unanswered(reason)) for lookup in lookups}


async def _ask(
    conversation: Conversation,
    lookups: Sequence[Lookup],
    index_of: IndexOf,
    name_of: NameOf,
    discarded: Discarded,
    found: dict[Lookup, Answer],
) -> None:
    waiting: dict[int, Lookup] = {}
    requests = []
    for lookup in lookups:
        sequence = next_sequence()
        asked = question(lookup, index_of, sequence)
        if isinstance(asked, Refused):
            found[lookup] = asked
        else:
            waiting[sequence] = lookup
            requests.append(asked)
    unsent = b"".join(requests)
    while waiting:
        datagram, sender = await conversation.received(unsent)
        unsent = b""
        if sender != 0:
            discarded.not_from_kernel += 1
            continue
        message = only_message(datagram)
        answered = waiting.pop(message.sequence, None) if message else None
        if message is None or answered is None:
            discarded.malformed += 1
            continue
        found[answered] = answer(message, answered, name_of, discarded)


def answer(message: Message, lookup: Lookup, name_of: NameOf, discarded: Discarded) -> Answer:
    """What `message`, the kernel's answer, says to `lookup`."""
    try:
        if message.kind == NLMSG_ERROR:
            end = acknowledgement(message)
            # An end without an error is no answer to a question.
            return refused(lookup, end.code or errno.EPROTO, end.text)
        route = kernel_route(message, name_of)
    except MalformedMessageError as error:
        discarded.malformed += 1
        return Unanswered(f"the kernel's answer cannot be read: {error}")
    return Unanswered("the kernel answered something else") if route is None else route


def only_message(datagram: bytes) -> Message | None:
    """The message in `datagram`, None if it is cut short.

    Each answer to a question comes in a datagram of its own.
    """
    if len(datagram) < HEADER.size:
        return None
    length, kind, flags, sequence, _ = HEADER.unpack_from(datagram)
    if not HEADER.size <= length <= len(datagram):
        return None
    return Message(kind, flags, sequence, datagram[:length])
