"""Times as people write them: `7d`, `2026-11-20`, `2026-11-20 08:00`, `2026-03`, `yesterday`."""

import re
from datetime import datetime, timedelta

from route_switcher.policy.schema import near_values
from route_switcher.text.durations import parse_duration

_WEEKS = re.compile(r"([1-9][0-9]{0,3})w", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_DAY = timedelta(days=1)

HOW = (
    "write how long ago, such as 90m, 7d or 4w, or a date, such as 2026-11-20,"
    " '2026-11-20 08:00' or 2026-03"
)


def begin_of(text: str, now: datetime) -> float:
    """The moment at which a time that is written so begins: seconds since 1970. Dates are local.

    Raises ValueError, whose message says what to write.
    """
    return _span(text, now)[0].timestamp()


def end_of(text: str, now: datetime) -> float:
    """The moment at which it ends: a date means the whole day, and a month the whole month."""
    return _span(text, now)[1].timestamp()


def end_without_until(since: str, now: datetime) -> float:
    """Where a time ends of which only the begin is said: a month and `yesterday` mean just that
    time, all others last until now."""
    whole = _MONTH.fullmatch(since) is not None or since == "yesterday"
    return min(end_of(since, now), now.timestamp()) if whole else now.timestamp()


def _span(text: str, now: datetime) -> tuple[datetime, datetime]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    words = {"today": (today, now), "yesterday": (today - _DAY, today)}
    try:
        if text in words:
            return words[text]
        if weeks := _WEEKS.fullmatch(text):
            then = now - timedelta(weeks=int(weeks[1]))
            return then, then
        if month := _MONTH.fullmatch(text):
            first = datetime(int(month[1]), int(month[2]), 1)
            return first.astimezone(), (first + 31 * _DAY).replace(day=1).astimezone()
        if text[:1].isdigit() and text[-1:].isalpha() and text[-1] != "Z":
            then = now - timedelta(seconds=parse_duration(text))
            return then, then
        return _date(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no time: {_hint(text)}") from None


def _hint(text: str) -> str:
    """What to write instead: how long ago, where that is written otherwise."""
    ago = text.lower().strip().removesuffix("ago").removeprefix("-").strip()
    meant = () if near_values.lacks_a_unit(ago) else near_values.durations(ago)
    return f"write {meant[0]}" if meant else HOW


def _date(text: str) -> tuple[datetime, datetime]:
    then = datetime.fromisoformat(text)
    whole = re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text) is not None
    return then.astimezone(), (then + _DAY if whole else then).astimezone()
