"""In which unit times are counted.

* Seconds, as floats: everywhere, except where this list says otherwise. The daemon's are those of a
  monotonic clock.
* Whole nanoseconds, as ints: the rounds of virtual time (`virtual.schedule`). No sum drifts.
* Seconds on a grid of 2^-20 s: what the engine is told in virtual time (`virtual.schedule`).
* Whole microseconds, as ints: the samples of a window (`core.health.windows`).

What both the daemon and virtual time run takes its unit from who runs it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

Time = TypeVar("Time", int, float)
"""A time, or a length of time, in one unit."""


@dataclass(frozen=True, slots=True)
class TimeUnit(Generic[Time]):
    """A unit of time."""

    of_seconds: Callable[[float], Time]
    """So many seconds, in this unit."""
    never: Time
    """Later than anything. What is counted from `-never` was long ago."""


SECONDS: TimeUnit[float] = TimeUnit(float, inf)
