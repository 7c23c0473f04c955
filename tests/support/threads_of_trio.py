"""Threads of trio that wait for more to do, for programs that move from network to network.

A thread stays in the network in which it began (network_namespaces(7)). So each network has threads
of its own, and so has each test. The kernel drops a network that is left once they have ended.
"""

import os
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import outcome
import trio
from trio._core._thread_cache import ThreadCache

_IDLE = 0.2
"""Seconds that a thread waits. With none at all, a new one would look for its first work so often
that it keeps who gives it from doing so."""

T = TypeVar("T")


class _OfEachNetwork(ThreadCache):
    __slots__ = ("_caches",)

    def __init__(self) -> None:
        super().__init__()
        self._caches: defaultdict[int, ThreadCache] = defaultdict(ThreadCache)

    def start_thread_soon(
        self,
        fn: Callable[[], T],
        deliver: Callable[[outcome.Outcome[T]], object],
        name: str | None = None,
    ) -> None:
        here = os.stat("/proc/thread-self/ns/net").st_ino
        self._caches[here].start_thread_soon(fn, deliver, name)


def keep_threads_apart() -> None:
    """From now on a thread that trio uses has begun in the network of who wants it, and none from
    before is used any more."""
    trio._core._thread_cache.IDLE_TIMEOUT = _IDLE  # type: ignore[assignment]
    trio._core._thread_cache.THREAD_CACHE = _OfEachNetwork()
