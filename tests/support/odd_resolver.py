"""A DNS resolver in this process whose answers are written by the test, over UDP and TCP."""

import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.rrset
import trio

PORT = 53

Script: TypeAlias = Callable[[dns.message.Message], Iterable[bytes]]
"""From a question to what is sent back, in this order."""


def answer(
    question: dns.message.Message, *addresses: str, ttl: int = 60, kind: str = ""
) -> dns.message.Message:
    """The right answer to a question, with these addresses."""
    response = dns.message.make_response(question)
    asked = question.question[0]
    if addresses:
        of = kind or ("AAAA" if ":" in addresses[0] else "A")
        response.answer.append(dns.rrset.from_text(asked.name, ttl, "IN", of, *addresses))
    return response


def truncated(question: dns.message.Message) -> bytes:
    """An answer that says: ask by TCP."""
    response = dns.message.make_response(question)
    response.flags |= dns.flags.TC
    return response.to_wire()


def giving(*addresses: str, ttl: int = 60) -> Script:
    """A script that gives these addresses."""
    return lambda question: [answer(question, *addresses, ttl=ttl).to_wire()]


class OddResolver:
    """What was asked of it, and how it answers now."""

    def __init__(self, udp: Script, tcp: Script) -> None:
        self.udp = udp
        self.tcp = tcp
        self.asked: list[str] = []

    def question(self, wire: bytes) -> dns.message.Message:
        """Note and return what was asked."""
        question = dns.message.from_wire(wire)
        self.asked.append(str(question.question[0].name).removesuffix("."))
        return question


@asynccontextmanager
async def resolving(
    address: str, udp: Script, tcp: Script | None = None
) -> AsyncIterator[OddResolver]:
    """Answer at this address of the machine while the body runs."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    resolver = OddResolver(udp, tcp or udp)

    async def serve_udp(sock: trio.socket.SocketType) -> None:
        while True:
            wire, asker = await sock.recvfrom(4096)
            for each in resolver.udp(resolver.question(wire)):
                await sock.sendto(each, asker)

    async def serve_tcp(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, dns.exception.DNSException):  # it has gone
            wire = await stream.receive_some()
            for each in resolver.tcp(resolver.question(wire[2:])):
                await stream.send_all(len(each).to_bytes(2) + each)

    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, PORT))
    listener.listen()
    with trio.socket.socket(family, socket.SOCK_DGRAM) as sock:
        await sock.bind((address, PORT))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_udp, sock)
            listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
            nursery.start_soon(trio.serve_listeners, serve_tcp, [listening])
            yield resolver
            nursery.cancel_scope.cancel()
