"""Where the time is written: at whole steps that people count in."""

from collections.abc import Iterator

from route_switcher.drawing.picture import Mark
from route_switcher.text.durations import DAY, HOUR, span

_STEPS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 15, 30)),
    *(HOUR * hours for hours in (1, 2, 3, 6, 12)),
    *(DAY * days for days in (1, 2, 5, 10, 30, 60, 100, 200, 365, 730)),
)

_MOST = 7
"""Steps in one axis."""


def step(seconds: float) -> float:
    """The shortest step that is not taken too often within so many seconds."""
    return next((s for s in _STEPS if seconds / s <= _MOST), _STEPS[-1])


def since_the_start(seconds: float) -> Iterator[Mark]:
    """The marks of an axis that counts from 0."""
    length = step(seconds)
    for number in range(int(seconds / length + 1e-9) + 1):
        yield Mark(number * length, span(number * length))
