"""System calls that wait for a lock of the kernel are made by threads, and nobody waits in vain."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest
import trio

from route_switcher.kernel.rtnetlink import locked_calls
from route_switcher.kernel.rtnetlink.locked_calls import by_thread, longest_wait

LONG = 60.0


@pytest.fixture
def lock() -> Iterator[threading.Event]:
    """The calls of a test wait for it, at the latest until its end."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("on_the_spot", [0.0, LONG], ids=["late", "at once"])
async def test_what_it_returns_or_raises_comes_back(
    monkeypatch: pytest.MonkeyPatch, on_the_spot: float
) -> None:
    monkeypatch.setattr(locked_calls, "ON_THE_SPOT", on_the_spot)
    for number in range(200):
        assert (await by_thread(partial(int, number), list))() == number
    with pytest.raises(ZeroDivisionError):
        (await by_thread(lambda: 1 // 0, list))()
    assert longest_wait() == 0


async def test_others_go_on_meanwhile(lock: threading.Event) -> None:
    found: list[bool] = []

    async def call() -> None:
        found.append((await by_thread(lambda: lock.wait(LONG), list))())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        await trio.testing.wait_all_tasks_blocked()
        assert longest_wait() > 0
        lock.set()
    assert (found, longest_wait()) == ([True], 0)


async def test_who_is_cancelled_leaves_it_to_the_thread(lock: threading.Event) -> None:
    left, done = threading.Event(), threading.Event()

    def work() -> None:
        lock.wait(LONG)
        done.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(by_thread, work, lambda: left.set() if done.is_set() else None)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert not left.is_set()
    lock.set()
    assert await trio.to_thread.run_sync(left.wait, LONG)


async def test_so_many_threads_and_no_more(lock: threading.Event) -> None:
    begun = threading.Semaphore(0)

    def work() -> None:
        begun.release()
        lock.wait(LONG)

    async with trio.open_nursery() as nursery:
        for _ in range(locked_calls.MOST):
            nursery.start_soon(by_thread, work, list)
        for _ in range(locked_calls.MOST):
            assert await trio.to_thread.run_sync(begun.acquire, True, LONG)
        nursery.start_soon(by_thread, work, list)
        with trio.move_on_after(3 * locked_calls._FULL):
            await trio.sleep_forever()
        assert not begun.acquire(blocking=False)
        lock.set()


async def test_where_no_thread_can_be_had_the_caller_does_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(trio.lowlevel, "start_thread_soon", no_thread)
    caller = threading.get_ident()
    assert (await by_thread(threading.get_ident, list))() == caller
    assert longest_wait() == 0
