"""What is told of targets after their round: those it did not wait for, and late answers."""

import threading
import time
from collections.abc import Iterator

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from route_switcher.core.probing.followed_rounds import LATE
from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes import late_replies
from route_switcher.probes.counters import Counters
from support.loopback import (
    LONG,
    SHORT,
    V4,
    Send,
    answering,
    receiving,
    silent_kernel,
    targets_on_loopback,
)

pytestmark = pytest.mark.kernel

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
TIMEOUT = 10.0
"""Of rounds whose time goes on only as the test says: `mock_clock`."""


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback():
        yield


class Rest:
    """What was told of rounds after they were."""

    def __init__(self) -> None:
        self.told: list[tuple[float, tuple[Answer, ...]]] = []

    async def __call__(self, sent_at: float, answers: tuple[Answer, ...]) -> None:
        await trio.lowlevel.checkpoint()
        self.told.append((sent_at, answers))

    async def count(self, number: int) -> None:
        """Wait until there are so many, also while the time of the round stands still."""
        end = time.monotonic() + 60
        while len(self.told) < number:
            assert time.monotonic() < end
            await trio.testing.wait_all_tasks_blocked(0.001)


async def test_an_answer_that_was_not_waited_for_is_told_when_it_comes() -> None:
    told = threading.Event()

    def in_turn(reply: bytes, target: Target, send: Send) -> None:
        if target != V4[0]:
            told.wait(60)
        send(reply, target)

    rest = Rest()
    with answering(in_turn, requests=3):
        async with receiving() as prober:
            echoes = await prober.ask(V4, 1, LONG, rest)
            await trio.sleep(SHORT)
            told.set()
            await rest.count(1)
    assert echoes.outcome is GOOD
    assert [answer.pending for answer in echoes.answers] == [False, True, True]
    ((sent_at, answers),) = rest.told
    assert sent_at == echoes.sent_at
    assert [answer.target for answer in answers] == [*V4[1:]]
    assert all(a.rtt is not None and SHORT <= a.rtt < LONG for a in answers)
    assert prober.counters == Counters()
    assert len(prober._matching) == 0


async def test_a_target_that_was_not_waited_for_and_stays_silent_is_told_after_its_timeout(
    mock_clock: MockClock,
) -> None:
    def only_first(reply: bytes, target: Target, send: Send) -> None:
        if target == V4[0]:
            send(reply, target)

    rest = Rest()
    with answering(only_first, requests=2):
        async with receiving() as prober:
            echoes = await prober.ask(V4[:2], 1, TIMEOUT, rest)
            mock_clock.jump(TIMEOUT - 1)
            await trio.testing.wait_all_tasks_blocked()
            assert rest.told == []
            mock_clock.jump(1)
            await rest.count(1)
    assert echoes.answers[1] == Answer(V4[1], None, "not waited for", pending=True)
    assert rest.told == [(echoes.sent_at, (Answer(V4[1], None, "no answer within 10 s"),))]


async def test_a_late_answer_is_told_after_it_was_told_as_lost(mock_clock: MockClock) -> None:
    told = threading.Event()

    def late(reply: bytes, target: Target, send: Send) -> None:
        if target == V4[1]:
            told.wait(60)
        send(reply, target)

    rest = Rest()
    with answering(late, requests=2):
        async with receiving() as prober:
            echoes = await prober.ask(V4[:2], 1, TIMEOUT, rest)
            # What has come by then has come long ago, and so in time, however late it is read.
            mock_clock.jump(TIMEOUT)
            await rest.count(1)
            mock_clock.jump(LATE - 0.1)
            told.set()
            await rest.count(2)
    assert [sent_at for sent_at, _ in rest.told] == [echoes.sent_at] * 2
    (lost,), (late_answer,) = (answers for _, answers in rest.told)
    assert lost.rtt is None
    assert late_answer.target == V4[1]
    assert late_answer.rtt is not None
    assert late_answer.rtt > TIMEOUT
    assert prober.counters.late == 1


async def test_a_late_answer_repairs_a_failed_round_s_loss_and_not_the_round(
    mock_clock: MockClock,
) -> None:
    ended = threading.Event()

    def later(reply: bytes, target: Target, send: Send) -> None:
        ended.wait(60)
        send(reply, target)

    rest = Rest()
    with answering(later):
        async with receiving() as prober:
            echoes: list[RoundResult] = []
            async with trio.open_nursery() as nursery:

                async def make() -> None:
                    echoes.append(await prober.ask(V4[:1], 1, TIMEOUT, rest))

                nursery.start_soon(make)
                await trio.testing.wait_all_tasks_blocked()
                mock_clock.jump(TIMEOUT)
            mock_clock.jump(LATE - 0.1)
            ended.set()
            await rest.count(1)
    (failed,) = echoes
    assert (failed.outcome, failed.reason) == (FAILED, "no answer within 10 s")
    ((sent_at, (answer,)),) = rest.told
    assert sent_at == failed.sent_at
    assert answer.rtt is not None
    assert answer.rtt > TIMEOUT


async def test_nothing_is_told_of_a_round_before_the_round_itself(mock_clock: MockClock) -> None:
    """Also if the late answer has come by the time at which the round is judged."""
    over, replied = threading.Event(), threading.Event()

    def later(reply: bytes, target: Target, send: Send) -> None:
        over.wait(60)
        send(reply, target)
        replied.set()

    rest = Rest()
    told_before: list[bool] = []
    with answering(later):
        async with receiving() as prober:
            async with trio.open_nursery() as nursery:

                async def make() -> None:
                    echoes = await prober.ask(V4[:1], 1, TIMEOUT, rest)
                    told_before.append(bool(rest.told))
                    assert echoes.outcome is FAILED

                nursery.start_soon(make)
                await trio.testing.wait_all_tasks_blocked()
                # This process is woken late, when the answer has come.
                over.set()
                replied.wait(60)
                mock_clock.jump(TIMEOUT + LATE - 0.1)
            await rest.count(1)
    assert told_before == [False]


async def test_without_a_listener_nothing_is_kept_and_late_answers_are_unasked() -> None:
    told = threading.Event()

    def in_turn(reply: bytes, target: Target, send: Send) -> None:
        if target != V4[0]:
            told.wait(60)
        send(reply, target)

    with answering(in_turn, requests=3):
        async with receiving() as prober:
            await prober.ask(V4[:2], 1, LONG)
            assert len(prober._matching) == 0
            told.set()
            await prober.ask(V4[2:], 1, LONG)
    assert prober.counters == Counters(unasked=1)


async def test_what_a_standstill_swallows_is_not_told_as_lost(mock_clock: MockClock) -> None:
    def only_first(reply: bytes, target: Target, send: Send) -> None:
        if target == V4[0]:
            send(reply, target)

    rest = Rest()
    with answering(only_first, requests=2):
        async with receiving() as prober:
            await prober.ask(V4[:2], 1, TIMEOUT, rest)
            mock_clock.jump(3 * TIMEOUT)  # this process stands still
            await rest.count(1)
            assert len(prober._matching) == 0
    ((_, (answer,)),) = rest.told
    assert (answer.rtt, answer.asked) == (None, False)
    assert answer.reason == "this machine was delayed by 20.0 s"


async def test_of_an_unknown_round_nothing_is_told(mock_clock: MockClock) -> None:
    rest = Rest()
    with silent_kernel():
        async with receiving() as prober:
            async with trio.open_nursery() as nursery:

                async def make() -> None:
                    echoes = await prober.ask(V4, 1, TIMEOUT, rest)
                    assert echoes.outcome is UNKNOWN
                    assert not any(answer.asked for answer in echoes.answers)

                nursery.start_soon(make)
                await trio.testing.wait_all_tasks_blocked()
                mock_clock.jump(3 * TIMEOUT)  # this process stands still
            assert len(prober._matching) == 0
    assert rest.told == []


async def test_what_is_told_of_rounds_comes_in_the_order_of_their_sending(
    mock_clock: MockClock,
) -> None:
    """Also with an interval no longer than the timeout, where one is sent as the other is over."""

    def only_first(reply: bytes, target: Target, send: Send) -> None:
        if target == V4[0]:
            send(reply, target)

    rest = Rest()
    sent: list[float] = []
    with answering(only_first, requests=10):
        async with receiving() as prober:
            for _ in range(5):
                echoes = await prober.ask(V4[:2], 1, TIMEOUT, rest)
                sent.append(echoes.sent_at)
                mock_clock.jump(TIMEOUT)
            await rest.count(5)
    assert [sent_at for sent_at, _ in rest.told] == sent


async def test_no_more_requests_are_remembered_than_memory_is_meant_for(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_replies, "REMEMBERED", 7)
    rest = Rest()
    with silent_kernel():
        async with receiving() as prober:
            for _ in range(5):
                await prober.ask(V4, 1, 0.01, rest)
            assert len(prober._matching) == 6
            assert prober._late_replies._remembered == 6
