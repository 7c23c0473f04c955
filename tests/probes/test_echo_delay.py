"""What comes of a round while this process stands still."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import trio
import trio.testing

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes.counters import Counters
from route_switcher.probes.icmp import IcmpProber
from route_switcher.probes.stamps import CONTROL_SPACE, SO_TIMESTAMPNS_NEW, stamp_of
from support.loopback import V4, Send, answering, receiving, silent_kernel, targets_on_loopback

pytestmark = pytest.mark.kernel

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


@contextmanager
def stamping() -> Iterator[None]:
    """The kernel stamps packets on arrival: it begins a moment after the first socket asks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1)
        probe.bind(("127.0.0.1", 0))
        deadline = time.monotonic() + 60
        while True:
            probe.sendto(b"", probe.getsockname())
            time.sleep(0.01)
            stamp = stamp_of(probe.recvmsg(1, CONTROL_SPACE)[1])
            if stamp is not None and time.time_ns() - stamp > 5_000_000:
                break
            assert time.monotonic() < deadline
        yield


async def stalled_round(prober: IcmpProber, stall: Callable[[], object]) -> RoundResult:
    """A round with a timeout of 1 s, during which this process does nothing but `stall`."""
    echoes: list[RoundResult] = []

    async def make() -> None:
        echoes.append(await prober.ask(V4[:1], 1, TIMEOUT))

    with stamping():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(make)
            await trio.testing.wait_all_tasks_blocked()
            stall()
    return echoes[0]


TIMEOUT = 1.0
STANDSTILL = 2.5
"""Seconds."""
ATTEMPTS = 20
"""A machine that is too busy may keep this process from doing what it means to, in time."""


async def test_a_reply_that_came_in_time_and_is_read_late_counts_with_its_true_time() -> None:
    for _ in range(ATTEMPTS):
        over = threading.Event()
        replied: list[float] = []

        def soon(
            reply: bytes,
            target: Target,
            send: Send,
            over: threading.Event = over,
            replied: list[float] = replied,
        ) -> None:
            time.sleep(0.1)
            send(reply, target)
            replied.append(time.monotonic())
            time.sleep(1.5)
            over.set()

        with answering(soon):
            async with receiving() as prober:
                began = time.monotonic()
                echoes = await stalled_round(prober, over.wait)
        if replied[0] - began < TIMEOUT:
            break
    assert echoes.outcome is GOOD
    assert echoes.answers[0].rtt is not None
    assert 0.1 <= echoes.answers[0].rtt <= 1.0
    assert prober.counters == Counters()


async def test_a_reply_that_came_late_and_is_read_later_does_not_count() -> None:
    for _ in range(ATTEMPTS):
        over = threading.Event()

        def late(reply: bytes, target: Target, send: Send, over: threading.Event = over) -> None:
            time.sleep(1.1)
            send(reply, target)
            over.set()

        with answering(late):
            async with receiving() as prober:
                began = time.monotonic()
                echoes = await stalled_round(prober, over.wait)
                took = time.monotonic() - began
        if took < 2 * TIMEOUT:
            break
    assert echoes.outcome is FAILED
    assert echoes.reason.startswith("answered after 1.")
    assert prober.counters == Counters(late=1)


async def test_silence_during_a_long_standstill_is_unknown() -> None:
    with silent_kernel():
        async with receiving() as prober:
            echoes = await stalled_round(prober, lambda: time.sleep(STANDSTILL))
            took = trio.current_time() - echoes.sent_at
    assert echoes.outcome is UNKNOWN
    told = re.fullmatch(r"this machine was delayed by (\d+\.\d) s", echoes.reason)
    assert told is not None
    rounding = 0.05
    assert STANDSTILL - TIMEOUT - rounding <= float(told[1]) <= took - TIMEOUT + rounding
