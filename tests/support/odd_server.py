"""A TCP server in this process that answers as the test writes, with TLS or without."""

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from typing import TypeAlias

import trio

from support.certificates import Certificate

Stream: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]
Behaviour: TypeAlias = Callable[[Stream], Awaitable[object]]
"""What is done with a connection before it is closed."""


async def request(stream: Stream) -> bytes:
    """The request that comes, to its end."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        more = await stream.receive_some()
        if not more:
            break
        received += more
    return received


def page(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """An answer in the right form."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def saying(*parts: bytes) -> Behaviour:
    """After the request, say these one after the other."""

    async def behave(stream: Stream) -> None:
        await request(stream)
        for part in parts:
            await stream.send_all(part)

    return behave


def endless(part: bytes, first: bytes = b"") -> Behaviour:
    """After the request, say the same again and again."""

    async def behave(stream: Stream) -> None:
        await request(stream)
        await stream.send_all(first)
        for each in repeat(part):
            await stream.send_all(each)

    return behave


async def silent(stream: Stream) -> None:
    """Take the connection, and never answer."""
    await trio.sleep_forever()


def by_the_byte(answer: bytes) -> Behaviour:
    """After the request, say a byte every 20 ms."""

    async def behave(stream: Stream) -> None:
        await request(stream)
        for each in answer:
            await stream.send_all(bytes([each]))
            await trio.sleep(0.02)

    return behave


@asynccontextmanager
async def serving(
    address: str, port: int, behave: Behaviour, certificate: Certificate | None = None
) -> AsyncIterator[None]:
    """Serve while the body runs."""
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.chain, certificate.key)

    async def serve(stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            if context is None:
                await behave(stream)
            else:
                secured = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
                await secured.do_handshake()
                await behave(secured)

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    async with trio.open_nursery() as nursery:
        listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        nursery.start_soon(trio.serve_listeners, serve, [listening])
        yield
        nursery.cancel_scope.cancel()
