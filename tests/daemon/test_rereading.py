"""The policy is read again off the loop: nothing waits for it, and only the newest counts."""

import logging
import signal
import threading

import pytest
import trio

from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.reloading import MOST_DROPPED, Reloaded, Reloading
from route_switcher.policy.load import Written, load
from route_switcher.policy.problems import PolicyProblems

OLD, NEW = load("dual-wan"), load("metered-lte")


class _Taker:
    """In the place of the service."""

    def __init__(self) -> None:
        self.taken: list[Policy] = []
        self.heard = trio.Event()

    async def submit(self, command: NewPolicy) -> None:
        self.taken.append(command.policy)
        self.heard.set()


class _Disk:
    """Reads when it is let: a file system that hangs."""

    def __init__(self) -> None:
        self.readings = 0
        self.content = OLD
        self.begun = threading.Semaphore(0)
        self.let = threading.Semaphore(0)

    def load(self) -> Written:
        self.readings += 1
        content = self.content
        self.begun.release()
        self.let.acquire()
        return Written(content, "")

    async def has_begun(self) -> None:
        await trio.to_thread.run_sync(self.begun.acquire)


def reloading(taker: _Taker, disk: _Disk, limit: float = 60) -> Reloading:
    return Reloading(taker.submit, disk.load, tuple, limit=limit)


async def test_asked_again_meanwhile_only_the_newest_is_taken() -> None:
    taker, disk = _Taker(), _Disk()
    reads = reloading(taker, disk)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.run)
        reads.ask()
        await disk.has_begun()
        disk.content = NEW
        for _ in range(5):
            reads.ask()
        disk.let.release()
        await disk.has_begun()
        disk.let.release()
        await taker.heard.wait()
        nursery.cancel_scope.cancel()
    assert (taker.taken, disk.readings) == ([NEW], 2)


async def test_who_asks_without_end_does_not_keep_a_policy_out() -> None:
    taker = _Taker()
    readings = 0

    def load() -> Written:
        nonlocal readings
        readings += 1
        trio.from_thread.run_sync(reads.ask)
        return Written(NEW, "")

    reads = Reloading(taker.submit, load, tuple)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.run)
        with trio.fail_after(60):
            assert await reads.reload() == Reloaded()
        assert taker.taken[0] is NEW
        assert readings > MOST_DROPPED
        nursery.cancel_scope.cancel()


async def test_one_that_hangs_is_left_and_no_second_one_joins_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("route_switcher"), "propagate", True)
    taker, disk = _Taker(), _Disk()
    reads = reloading(taker, disk, limit=0.01)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reads.run)
            reads.ask()
            await disk.has_begun()
            for number in range(1, 4):
                while len(caplog.messages) < number:
                    await trio.lowlevel.checkpoint()
                reads.ask()
            nursery.cancel_scope.cancel()
    finally:
        disk.let.release()
    assert caplog.messages[:3] == [
        "the policy could not be read within 0.01 s: the running one stays",
        "an earlier reading of the policy still hangs: the running one stays",
        "an earlier reading of the policy still hangs: the running one stays",
    ]
    assert (taker.taken, disk.readings) == ([], 1)


async def test_whatever_a_reading_raises_the_running_policy_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taker = _Taker()
    broken = [MemoryError(), TypeError("a bug"), RuntimeError("can't start new thread")]

    def load() -> Written:
        if broken:
            raise broken.pop()
        return Written(NEW, "")

    reads = Reloading(taker.submit, load, tuple)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.run)
        for number in range(1, len(broken) + 1):
            reads.ask()
            while caplog.text.count("the running one stays") < number:
                await trio.lowlevel.checkpoint()
        reads.ask()
        await taker.heard.wait()
        nursery.cancel_scope.cancel()
    assert taker.taken == [NEW]
    assert "could not be read (TypeError: a bug): the running one stays" in caplog.text


async def test_no_thread_for_a_reading_is_told_and_the_running_policy_stays(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = trio.Event()
    taker, disk = _Taker(), _Disk()
    reads = reloading(taker, disk)

    async def none(*_: object, **__: object) -> None:
        told.set()
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(trio.to_thread, "run_sync", none)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.run)
        reads.ask()
        await told.wait()
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert "(RuntimeError: can't start new thread): the running one stays" in caplog.text


async def test_the_thread_that_reads_takes_no_signal_of_the_daemon() -> None:
    taker = _Taker()
    held: list[set[int]] = []

    def load() -> Written:
        held.append(set(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
        return Written(OLD, "")

    reads = Reloading(taker.submit, load, tuple)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.run)
        reads.ask()
        await taker.heard.wait()
        nursery.cancel_scope.cancel()
    assert held[0] >= {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


async def test_who_waits_hears_whether_the_policy_counts() -> None:
    taker = _Taker()
    outcomes: list[object] = [OLD, PolicyProblems("it", [], ""), MemoryError()]

    def load() -> Written:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        assert isinstance(outcome, Policy)
        return Written(outcome, "")

    reads = Reloading(taker.submit, load, lambda: ("others may write it",))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.run)
        assert await reads.reload() == Reloaded(("others may write it",))
        assert taker.taken == [OLD]
        assert (await reads.reload()).refused == "the policy is not sound"
        assert "MemoryError" in (await reads.reload()).refused
        nursery.cancel_scope.cancel()
    assert taker.taken == [OLD]


async def test_all_who_wait_hear_of_the_newest_and_nobody_of_an_older_one() -> None:
    taker, disk = _Taker(), _Disk()
    reads = reloading(taker, disk)
    heard: list[Reloaded] = []

    async def wait() -> None:
        heard.append(await reads.reload())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reads.run)
        async with trio.open_nursery() as waiting:
            waiting.start_soon(wait)
            await disk.has_begun()
            disk.content = NEW
            for _ in range(3):
                waiting.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            disk.let.release()
            await disk.has_begun()
            assert heard == []
            disk.let.release()
        nursery.cancel_scope.cancel()
    assert heard == [Reloaded()] * 4
    assert taker.taken == [NEW]
