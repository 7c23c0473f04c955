"""One question to a DNS resolver over pinned sockets, by dnspython's knowledge of messages.

UDP first, and TCP where the answer does not fit (RFC 1035, section 4.2; RFC 7766). Answers are
believed only from the resolver's address and port, to our port, with the number and the question
that were asked: others are counted.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from math import inf
from typing import TYPE_CHECKING

import trio

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.pinned_socket import open_pinned
from route_switcher.probes.reasons import told_by_network
from route_switcher.probes.tcp import connected, open_connection

if TYPE_CHECKING:
    from dns.message import Message, QueryMessage

    from route_switcher.probes.prober import Egress

PORT = 53

UDP_SIZE = 1232
"""Bytes of an answer that the resolver may send over UDP: it passes every path unbroken."""

MOST = 4096
"""Bytes of an answer that is read at most. Reading messages takes our time: a longer one is no use
to a probe."""


STILL_COMES = 1.0
"""Seconds for which an answer may still come after an ICMP error. Everybody may send such an error:
he only has to guess our port."""


_MOST_ERRORS = 64
"""That are dropped before others get a turn."""


class BadAnswer(Exception):  # noqa: N818 (what a resolver did, not an error of ours)
    """The resolver answered with something that cannot be used; the message says what."""


async def ask_resolver(
    egress: Egress, resolver: str, question: Message, deadline: float
) -> QueryMessage | None:
    """What `resolver` (an address) answers; None: nothing by `deadline` (trio's clock).

    Raises OSError as sockets do, and BadAnswer.
    """
    answer: QueryMessage | None = None
    told: list[OSError] = []
    with trio.move_on_at(deadline):
        answer = await _by_udp(egress, resolver, question, told)
        if answer is not None and answer.flags & _TRUNCATED:
            answer = None
            answer = await _by_tcp(egress, resolver, question, deadline)
    if answer is None and told:
        raise told[0]
    return answer


_TRUNCATED = 0x0200
"""The flag TC of RFC 1035."""


async def _by_udp(
    egress: Egress, resolver: str, question: Message, told: list[OSError]
) -> QueryMessage | None:
    """`told` takes what ICMP errors say; None: after the first of them no answer came."""
    asked = question.to_wire()
    with open_pinned(egress, socket.SOCK_DGRAM, resolver) as sock:
        # Not connected, so that forged answers come here and are counted.
        sock.setsockopt(*_RECEIVE_ERRORS[egress.family], 1)
        sock.sendto(asked, (resolver, PORT))
        end = inf
        while True:
            with trio.move_on_at(end) as waiting:
                await trio.lowlevel.wait_readable(sock)
            if waiting.cancelled_caught:
                return None
            try:
                wire, source = sock.recvfrom(MOST + 1)
            except BlockingIOError:
                continue  # a wrong checksum
            except OSError as error:
                told.append(told_by_network(error))
                end = min(end, trio.current_time() + STILL_COMES)
                _drop_errors(sock)
                continue
            if not _is_of(source, resolver):
                egress.counters.wrong_source += 1
                continue
            if wire[:2] != asked[:2]:  # before anything is read that could take long
                egress.counters.wrong_token += 1
                continue
            answer = _read(wire)
            if answer is None:
                egress.counters.malformed += 1
            elif question.is_response(answer):
                return answer
            else:
                egress.counters.unasked += 1


_RECEIVE_ERRORS = {
    Family.IPV4: (socket.IPPROTO_IP, 11),  # IP_RECVERR (ip(7))
    Family.IPV6: (socket.IPPROTO_IPV6, 25),  # IPV6_RECVERR (ipv6(7))
}


def _drop_errors(sock: socket.socket) -> None:
    """Those that the kernel keeps for it: while there is one, it seems to be readable (ip(7))."""
    for _ in range(_MOST_ERRORS):
        try:
            sock.recvmsg(0, 0, socket.MSG_ERRQUEUE)
        except OSError:
            return


def _is_of(source: tuple[str, int], resolver: str) -> bool:
    address, port, *_ = source
    return port == PORT and ip_address(address.partition("%")[0]) == ip_address(resolver)


async def _by_tcp(
    egress: Egress, resolver: str, question: Message, deadline: float
) -> QueryMessage | None:
    with open_connection(egress, resolver, PORT) as connecting:
        if await connected(connecting, trio.current_time(), deadline) is None:
            return None
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(connecting.dup()))
        async with stream:
            wire = question.to_wire()
            await _sent(stream, len(wire).to_bytes(2) + wire)
            size = int.from_bytes(await _received(stream, 2))
            if size > MOST:
                raise BadAnswer(f"an answer of {size} bytes, more than {MOST}")
            answer = _read(await _received(stream, size))
    if answer is None or not question.is_response(answer):
        raise BadAnswer("an answer that is no answer to the question")
    return answer


async def _sent(stream: trio.SocketStream, data: bytes) -> None:
    try:
        await stream.send_all(data)
    except trio.BrokenResourceError:
        raise BadAnswer("the connection was closed") from None


async def _received(stream: trio.SocketStream, size: int) -> bytes:
    received = b""
    while len(received) < size:
        try:
            more = await stream.receive_some(size - len(received))
        except trio.BrokenResourceError:
            more = b""
        if not more:
            raise BadAnswer("the connection was closed")
        received += more
    return received


def _read(wire: bytes) -> QueryMessage | None:
    """The message, or None: it is none, or none that can be read."""
    import dns.exception
    import dns.message

    if len(wire) > MOST:
        return None
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None
    return message if isinstance(message, dns.message.QueryMessage) else None
