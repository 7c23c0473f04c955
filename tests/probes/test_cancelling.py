"""The engine ends whatever a prober does just then: it is cancelled at each of its steps."""

import os
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address

import dns.message
import pytest
import trio

from route_switcher.core.vocabulary.checks import (
    Check,
    DnsQuery,
    ExecProgram,
    HttpGet,
    IcmpEcho,
    TcpConnect,
)
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.prober import Egress
from route_switcher.probes.registry import open_prober
from route_switcher.probes.tls import client_context
from support.cancelled_everywhere import cancelled_after, cancelled_everywhere
from support.certificates import NAME, Authority
from support.loopback import TARGETS, targets_on_loopback
from support.odd_resolver import giving, resolving, truncated
from support.odd_server import Behaviour, Stream, page, request, saying, serving, silent

pytestmark = pytest.mark.kernel

PORT = 7777
TARGET, RESOLVER, THIRD = TARGETS[Family.IPV4]
NAMED = Target.named(NAME, (ip_address(RESOLVER.name),))
AWAY = Target.at(ip_address("203.0.113.9"))
PROGRAM = Target.of_uplink("program")
PLAIN = HttpGet(host=NAME, port=PORT, tls=False, path="/")
SECURED = replace(PLAIN, tls=True)
LONG, SHORT = 30.0, 0.05


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


async def closing(_: Stream) -> None:
    """Close each connection at once."""


async def resetting(stream: Stream) -> None:
    """Reset it in the place of an answer."""
    await request(stream)
    assert isinstance(stream, trio.SocketStream)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut(question: dns.message.Message) -> Iterable[bytes]:
    """The resolver says: ask by TCP."""
    return [truncated(question)]


@asynccontextmanager
async def nothing_left_open() -> AsyncIterator[None]:
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) <= before


async def ends_well_everywhere(check: Check, targets: tuple[Target, ...], timeout: float) -> None:  # noqa: ASYNC109 (a probe's)
    async def on_late(_sent_at: float, _answers: tuple[Answer, ...]) -> None:
        await trio.lowlevel.checkpoint()

    async def rounds() -> None:
        with open_prober(Egress(interface="lo", family=Family.IPV4), check) as prober:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(prober.run)
                # A program takes its time.
                for _ in range(1 if isinstance(check, ExecProgram) else 2):
                    await prober.ask(targets, 1, timeout, on_late)
                nursery.cancel_scope.cancel()

    await rounds()  # what is made once is there then
    assert await cancelled_everywhere(rounds) > 5


@pytest.mark.parametrize("target", [TARGET, NAMED], ids=["an address", "a name"])
async def test_so_it_is_in_the_moment_in_which_it_begins(target: Target) -> None:
    """A round has just heard that it may ask, and the task that would receive is gone."""

    async def a_round() -> None:
        with open_prober(Egress(interface="lo", family=Family.IPV4), TcpConnect(PORT)) as prober:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(prober.run)
                await prober.ask((target,), 1, LONG)
                nursery.cancel_scope.cancel()

    for _ in range(40):  # trio takes one of the two first by chance
        assert await cancelled_after(a_round, 1, lambda task: task.name.endswith("Requests.run"))
        assert await cancelled_after(a_round, 1, lambda task: task.name.endswith("Targets.run"))


CASES: dict[str, tuple[Check, tuple[Target, ...], float]] = {
    "pings": (IcmpEcho(), (TARGET, THIRD), LONG),
    "pings that are lost": (IcmpEcho(), (TARGET, AWAY), SHORT),
    "full size": (IcmpEcho(1000), (TARGET,), LONG),
    "connections": (TcpConnect(PORT), (TARGET,), LONG),
    "refused connections": (TcpConnect(PORT + 1), (TARGET, THIRD), LONG),
    "pages": (PLAIN, (TARGET,), LONG),
    "pages of a name": (PLAIN, (NAMED,), LONG),
    "names": (DnsQuery(NAME, "A"), (RESOLVER,), LONG),
    "a program": (ExecProgram(("/bin/true",)), (PROGRAM,), LONG),
    "a slow program": (ExecProgram(("/bin/sleep", "60")), (PROGRAM,), SHORT),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_prober_that_is_cancelled_at_any_step_ends_without_a_word(case: str) -> None:
    async with (
        nothing_left_open(),
        serving(TARGET.name, PORT, saying(page())),
        resolving(RESOLVER.name, giving(TARGET.name)),
    ):
        await ends_well_everywhere(*CASES[case])


@pytest.mark.parametrize(
    "behave",
    [closing, resetting, silent, saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12")],
    ids=["closing", "resetting", "silent", "half a page"],
)
async def test_so_it_is_beside_a_server_that_breaks_off(behave: Behaviour) -> None:
    async with nothing_left_open(), serving(TARGET.name, PORT, behave):
        await ends_well_everywhere(replace(PLAIN, body="12345"), (TARGET,), SHORT)


async def test_so_it_is_while_a_resolver_is_asked_by_tcp() -> None:
    async with nothing_left_open(), resolving(RESOLVER.name, cut, giving(TARGET.name)):
        await ends_well_everywhere(DnsQuery(NAME, "A"), (RESOLVER,), LONG)


@pytest.mark.parametrize(
    ("behave", "within"),
    [(saying(page()), LONG), (closing, LONG), (silent, SHORT)],
    ids=["page", "closing", "silent"],
)
async def test_so_it_is_with_tls(
    behave: Behaviour,
    within: float,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    client_context.cache_clear()
    async with nothing_left_open(), serving(TARGET.name, PORT, behave, authority.certificate()):
        await ends_well_everywhere(SECURED, (TARGET,), within)
    client_context.cache_clear()
