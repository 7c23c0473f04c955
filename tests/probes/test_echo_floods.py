"""Many packets that answer nothing, and a receive buffer that is too small for them."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
import trio.lowlevel
import trio.testing
from trio.testing import MockClock

from faults import flooding
from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from route_switcher.probes import packets
from route_switcher.probes.counters import Counters
from route_switcher.probes.icmp import IcmpProber
from route_switcher.probes.interface import ADDRESS_FAMILY
from route_switcher.probes.nuisance import TOLERATED
from route_switcher.probes.receive_buffer import ReceiveBuffer
from support.loopback import (
    LONG,
    SHORT,
    TARGETS,
    V4,
    Send,
    checksummed,
    receiving,
    round_that_hears,
    silent_kernel,
    targets_on_loopback,
)

pytestmark = pytest.mark.kernel

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
SEND_BUFFER = (socket.SOL_SOCKET, socket.SO_SNDBUF)
_PROTOCOL = {Family.IPV4: socket.IPPROTO_ICMP, Family.IPV6: socket.IPPROTO_ICMPV6}


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


def forge(prober: IcmpProber, count: int, *, marked: bool) -> None:
    """Send the prober so many echo replies to nothing that it asked."""
    family = prober.family
    key = prober._mark.key if marked else b"key?"
    request = packets.request(
        family, prober._mark.identifier, prober._sequence + 1, key + bytes(12)
    )
    reply = checksummed(bytes([packets.ECHO_REPLY[family]]) + request[1:])
    with socket.socket(ADDRESS_FAMILY[family], socket.SOCK_RAW, _PROTOCOL[family]) as sender:
        for _ in range(count):
            sender.sendto(reply, (str(TARGETS[family][0]), 0))


def shrink(prober: IcmpProber) -> ReceiveBuffer:
    """Give the prober a receive buffer for a hundred packets."""
    assert prober._socket is not None
    prober._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 50_000)
    prober._buffer = ReceiveBuffer(prober._socket)
    return prober._buffer


async def disturbed_round(prober: IcmpProber, count: int, *, marked: bool) -> RoundResult:
    """A round that nobody answers, and so many forged replies meanwhile, before any is read. (Its
    timeout is virtual time, so a slow machine makes it no longer.)"""
    echoes: list[RoundResult] = []

    async def make() -> None:
        echoes.append(await prober.ask(TARGETS[prober.family], 1, SHORT))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make)
        await trio.testing.wait_all_tasks_blocked()
        forge(prober, count, marked=marked)
    return echoes[0]


@pytest.mark.parametrize("family", Family)
async def test_forged_replies_without_our_mark_are_never_read(
    autojump_clock: MockClock, family: Family
) -> None:
    with silent_kernel():
        async with receiving(family) as prober:
            echoes = await disturbed_round(prober, 2000, marked=False)
    assert (echoes.outcome, echoes.reason) == (FAILED, "no answer within 0.5 s")
    assert prober.counters == Counters()


@pytest.mark.parametrize("family", Family)
async def test_a_full_receive_buffer_makes_a_failed_round_unknown(
    autojump_clock: MockClock, family: Family
) -> None:
    with silent_kernel():
        async with receiving(family) as prober:
            shrink(prober)
            echoes = await disturbed_round(prober, 1000, marked=True)
            after = await prober.ask(TARGETS[family], 1, SHORT)
    lost = "answers may have been lost: the receive buffer was full"
    assert (echoes.outcome, echoes.reason) == (UNKNOWN, lost)
    assert {(answer.reason, answer.asked) for answer in echoes.answers} == {(lost, False)}
    assert after.outcome is FAILED
    assert prober.counters.overruns > 0


async def test_a_full_receive_buffer_changes_no_good_round() -> None:
    async with receiving() as prober:
        shrink(prober)
        forge(prober, 1000, marked=True)
        assert (await prober.ask(V4, 3, LONG)).outcome is GOOD


async def test_a_buffer_that_was_not_full_changes_nothing(autojump_clock: MockClock) -> None:
    with silent_kernel():
        async with receiving() as prober:
            echoes = await disturbed_round(prober, TOLERATED // 2, marked=True)
    assert (echoes.outcome, echoes.reason) == (FAILED, "no answer within 0.5 s")
    assert prober.counters == Counters(unasked=TOLERATED // 2)


@pytest.mark.parametrize("family", Family)
async def test_who_floods_under_our_mark_is_kept_out_by_another(
    autojump_clock: MockClock, family: Family
) -> None:
    said: list[str] = []
    with silent_kernel():
        async with receiving(family, said.append) as prober:
            known = prober._mark
            flooded = await disturbed_round(prober, TOLERATED + len(V4) + 1, marked=True)
            read = prober.counters.unasked
            assert known == prober._mark
            # From the next round on, whatever carries the old mark is not even read.
            echoes = await prober.ask(TARGETS[family], 1, SHORT)
            assert known != prober._mark
            prober._mark, fresh = known, prober._mark
            forge(prober, 1000, marked=True)
            prober._mark = fresh
            await prober.ask(TARGETS[family], 1, SHORT)
    assert (flooded.outcome, echoes.outcome) == (FAILED, FAILED)
    assert read == prober.counters.unasked == TOLERATED + len(V4) + 1
    assert said == [
        f"{read} forged or repeated echo replies dropped: probes go on under another identifier"
    ]


async def test_late_answers_change_no_mark_however_many(autojump_clock: MockClock) -> None:
    with silent_kernel():
        async with receiving() as prober:
            known = prober._mark
            await prober.ask(V4 * 1000, 1, SHORT)
            forge(prober, TOLERATED + 3000, marked=True)
            await prober.ask(V4, 1, SHORT)
            await prober.ask(V4, 1, SHORT)
            assert known == prober._mark
            assert prober.counters.unasked + prober.counters.wrong_token == TOLERATED + 3000


async def test_a_round_under_way_when_the_mark_changes_is_not_failed(
    autojump_clock: MockClock,
) -> None:
    echoes: list[RoundResult] = []

    async def make(prober: IcmpProber) -> None:
        echoes.append(await prober.ask(V4, 1, 4 * SHORT))

    with silent_kernel():
        async with receiving() as prober:
            forge(prober, TOLERATED + len(V4) + 1, marked=True)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(make, prober)
                await trio.testing.wait_all_tasks_blocked(SHORT / 10)
                await prober.ask(V4, 1, SHORT)
    assert [each.outcome for each in echoes] == [UNKNOWN]
    assert echoes[0].reason == "answers may have been lost among forged ones"


@contextmanager
def slow_line() -> Iterator[None]:
    """What is sent waits in a long queue, and so in the sender's send buffer."""
    shaped = ["tc", "qdisc", "add", "dev", "lo", "root", "tbf"]
    done = subprocess.run([*shaped, "rate", "1mbit", "burst", "2k", "limit", "10m"], check=False)
    if done.returncode:
        pytest.skip("this kernel has no token bucket filter (tc-tbf)")
    try:
        yield
    finally:
        subprocess.run(["tc", "qdisc", "delete", "dev", "lo", "root"], check=True)


@pytest.mark.parametrize("family", Family)
async def test_a_large_round_can_be_sent_into_a_slow_line(family: Family) -> None:
    async with receiving(family) as prober:
        if prober._socket is None or prober._socket.getsockopt(*SEND_BUFFER) < 8 << 20:
            pytest.skip("in a user namespace no send buffer is larger than the system allows")
        with slow_line():
            echoes = await prober.ask(TARGETS[family] * 500, 1500, SHORT)
    assert not [answer for answer in echoes.answers if answer.reason == "queue full"]


async def test_other_tasks_run_while_a_full_buffer_is_read() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    with IcmpProber("lo", Family.IPV4) as prober:
        assert prober._buffer is not None
        batch = prober._buffer.batch
        async with trio.open_nursery() as nursery:
            forge(prober, 4000, marked=True)
            nursery.start_soon(count)
            await prober._drain()
            nursery.cancel_scope.cancel()
    assert prober.counters.unasked > 2 * batch
    assert turns >= prober.counters.unasked // batch - 1


async def test_a_reply_with_a_wrong_checksum_is_malformed(mock_clock: MockClock) -> None:
    """A raw IPv4 socket gets it, before the kernel looks at the checksum."""

    def spoilt(reply: bytes, target: Target, send: Send) -> None:
        send(reply, target, checksum=b"\x01\x02")

    async with receiving() as prober:
        echoes = await round_that_hears(prober, mock_clock, spoilt, V4[:1])
    assert echoes.outcome is FAILED
    assert prober.counters == Counters(malformed=1)


async def test_a_reply_larger_than_what_is_read_is_no_answer(mock_clock: MockClock) -> None:
    def jumbo(reply: bytes, target: Target, send: Send) -> None:
        send(reply + bytes(60_000), target)

    async with receiving() as prober:
        echoes = await round_that_hears(prober, mock_clock, jumbo, V4[:1])
    assert echoes.outcome is FAILED
    assert prober.counters == Counters()


async def test_a_flood_from_the_wire_is_hardly_read(lab: Lab) -> None:
    """Of the forged identifiers one in 65,536 is ours, and of the keys one in four billion."""
    uplink = lab.uplinks[0]
    lab.run(ROUTER, "ip", "route", "add", "default", "via", str(uplink.gateway))
    words = [sys.executable, "-P", flooding.__file__, str(lab.targets_v4[0])]
    lab.start(uplink.name, [*words, str(uplink.address.ip), "150000", "600"])
    with lab.inside(ROUTER), IcmpProber(uplink.interface, Family.IPV4) as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            outcomes = set()
            asked = tuple(map(Target.at, lab.targets_v4))
            until = echo_replies() + 100_000
            while echo_replies() < until:
                outcomes.add((await prober.ask(asked, 3, LONG)).outcome)
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
    assert outcomes == {GOOD}
    # Those that came before the filter was attached, and who guessed.
    assert prober.counters.foreign < 50_000
    assert prober.counters == Counters(foreign=prober.counters.foreign)


def echo_replies() -> int:
    """How many have come to this thread's network namespace."""
    names, values = (
        prober.split()
        for prober in Path("/proc/thread-self/net/snmp").read_text().splitlines()
        if prober.startswith("Icmp:")
    )
    return int(values[names.index("InEchoReps")])
