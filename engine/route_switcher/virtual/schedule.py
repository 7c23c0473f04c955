"""Virtual time: what is due when.

It counts whole nanoseconds, so that no sum of floats drifts and what is due at one instant is due
together: then in the order in which it was asked for, but rounds are sent after everything else.

The engine is told times on a grid of 2^-20 seconds (about a microsecond), which floats hold and
subtract exactly: so its conclusions are the same an hour later, and no noise of floats decides.
"""

from collections.abc import Callable, Container
from heapq import heapify, heappop, heappush
from math import ceil

from route_switcher.core.probing.time_unit import TimeUnit

NEVER = 1 << 62
"""Nanoseconds; later than anything."""

_SENDINGS = 1 << 48
"""Above every number that anything else gets."""


STRIDE = 15_625_000
"""Nanoseconds of 1/64 s: the shortest time that is whole both in nanoseconds and on the grid."""

_STEPS = 1 << 20
"""Steps of the grid in a second."""


def on_grid(time: int) -> float:
    """Nanoseconds as seconds, on the nearest step of the grid."""
    return (time * _STEPS + 500_000_000) // 1_000_000_000 / _STEPS


def on_grid_from(seconds: float) -> float:
    """The first step of the grid that is not before `seconds`."""
    return ceil(seconds * _STEPS) / _STEPS


def nanoseconds(seconds: float) -> int:
    """Whole nanoseconds, the nearest."""
    return round(seconds * 1e9)


NANOSECONDS: TimeUnit[int] = TimeUnit(nanoseconds, NEVER)


class Schedule:
    """Calls that are due at instants."""

    __slots__ = ("_count", "_queue", "now")

    def __init__(self, now: int) -> None:
        self.now = now
        """The time, in nanoseconds."""
        self._queue: list[tuple[int, int, Callable[[], None], object]] = []
        self._count = 0

    @property
    def seconds(self) -> float:
        """The time as the engine is told, in seconds."""
        return on_grid(self.now)

    @property
    def due(self) -> int:
        """When the next call is due; NEVER if none is."""
        return self._queue[0][0] if self._queue else NEVER

    def call_at(self, due: int, call: Callable[[], None], owner: object) -> None:
        """Have something done for `owner` at an instant, which is not in the past."""
        self._count += 1
        heappush(self._queue, (due, self._count, call, owner))

    def send_at(self, due: int, call: Callable[[], None], owner: object) -> None:
        """Have a round sent at an instant, after everything else that is due then."""
        self._count += 1
        heappush(self._queue, (due, self._count + _SENDINGS, call, owner))

    def call_next(self) -> None:
        """Let it be the time of the next call, and make it."""
        self.now, _, call, _ = heappop(self._queue)
        call()

    def fast_forward(self, delta: int, owners: Container[object]) -> None:
        """Let it be `delta` nanoseconds later, and what is due for `owners` be due later too."""
        self.now += delta
        self._queue = [
            (due + delta if owner in owners else due, number, call, owner)
            for due, number, call, owner in self._queue
        ]
        heapify(self._queue)
