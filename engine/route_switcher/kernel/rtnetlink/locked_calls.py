"""System calls that may have to wait for a lock of the kernel.

Whoever changes links, addresses or routes, in any network namespace, holds one lock of the kernel
meanwhile (rtnl_lock() in net/core/rtnetlink.c): for milliseconds, and for minutes where a driver
hangs or thousands of interfaces go at once. A request on a netlink socket waits for it within
sendto(2), and a dump on old kernels (before Linux 6.9) also within recvfrom(2), though the socket
does not block. So a thread makes these calls. They mostly take some microseconds, so that thread is
waited for on the spot at first, which costs 20 µs; if it takes longer, others run meanwhile.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import inf
from threading import Lock
from typing import Generic, TypeVar

import trio

from route_switcher.thread_work import Outcome, without_signals

T = TypeVar("T")

ON_THE_SPOT = 0.002
"""Seconds."""

MOST = 16
"""Threads that may wait for the kernel at a time. Few tasks ask it, but one that is cancelled
leaves its thread behind."""

_FULL = 0.1
"""Seconds after which it is looked again whether one of these threads is free."""


@dataclass(eq=False, slots=True)
class _Call(Generic[T]):
    began: float
    spot: Lock = field(default_factory=Lock)
    """Held until the thread is done."""
    done: trio.Event | None = None
    """What wakes the task; None: it waits on the spot."""
    result: Outcome[T] | None = None
    left: Callable[[], object] | None = None
    """What is to be done by the thread in the end, where the task has gone."""
    handing_over: Lock = field(default_factory=Lock)


_under_way: set[_Call[object]] = set()


def longest_wait() -> float:
    """For how many seconds the kernel has kept the oldest call that is under way; 0: there is
    none."""
    oldest = min((call.began for call in _under_way.copy()), default=inf)
    return max(0.0, trio.current_time() - oldest)


async def by_thread(work: Callable[[], T], if_left: Callable[[], object]) -> Callable[[], T]:
    """Have `work` done. What comes back returns what it returned, or raises what it raised.

    Where the task is cancelled meanwhile, `work` goes on, and `if_left` is called after it, by its
    thread. Where no thread can be had, what comes back is `work`.
    """
    while len(_under_way) >= MOST:  # noqa: ASYNC110 - threads end here, and set no event
        await trio.sleep(_FULL)
    call: _Call[T] = _Call(trio.current_time())
    call.spot.acquire()
    token = trio.lowlevel.current_trio_token()
    _under_way.add(call)  # type: ignore[arg-type]
    try:
        trio.lowlevel.start_thread_soon(
            partial(without_signals, work), partial(_deliver, call, token)
        )
    except RuntimeError:  # no thread (threading)
        _under_way.discard(call)
        return work
    if not call.spot.acquire(timeout=ON_THE_SPOT):
        done = call.done = trio.Event()
        try:
            if call.result is None:
                await done.wait()
        except trio.Cancelled:
            with call.handing_over:
                call.left = if_left
                over = call.result is not None
            if over:
                if_left()
            raise
    assert call.result is not None
    return call.result.unwrap


def _deliver(call: _Call[T], token: trio.lowlevel.TrioToken, result: Outcome[T]) -> None:
    """By the thread."""
    with call.handing_over:
        call.result = result
        left = call.left
    _under_way.discard(call)
    call.spot.release()
    if left is not None:
        left()
    elif call.done is not None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(call.done.set)
