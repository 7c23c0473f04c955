"""Where the time is written: at whole steps that people count in."""

from collections.abc import Iterator
from datetime import datetime, timedelta

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


def by_the_calendar(since: float, until: float) -> Iterator[Mark]:
    """The marks of an axis that shows the time of day here: whole days, or whole hours and
    minutes. `since` and `until` are seconds since 1970, UTC."""
    length = step(until - since)
    midnight = datetime.fromtimestamp(since).replace(hour=0, minute=0, second=0, microsecond=0)
    if length >= DAY:
        times = _days(midnight, round(length / DAY), until)
    else:
        times = _within_a_day(since, until, midnight.timestamp(), length)
    for time in times:
        if since <= time.timestamp() <= until:
            yield Mark(time.timestamp() - since, _named(time, length))


def _days(midnight: datetime, days: int, until: float) -> Iterator[datetime]:
    day = midnight
    while day.timestamp() <= until:
        yield day
        day += timedelta(days=days)


def _within_a_day(since: float, until: float, midnight: float, length: float) -> Iterator[datetime]:
    number = int((since - midnight) / length)
    while midnight + number * length <= until:
        yield datetime.fromtimestamp(midnight + number * length)
        number += 1


def _named(time: datetime, length: float) -> str:
    day = f"{time.day} {time:%b}"
    if length >= 30 * DAY:
        return f"{day} {time.year}"
    if length >= DAY or (time.hour, time.minute, time.second) == (0, 0, 0):
        return day
    return f"{time:%H:%M}" if length >= 60 else f"{time:%H:%M:%S}"
