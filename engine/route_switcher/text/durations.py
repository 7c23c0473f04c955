"""Durations as people read and write them, one form for each purpose, and the long ones in seconds.

A policy is read back, so its notation is exact. An estimate has no more digits than it is worth.
What was measured shows its two largest units.
"""

import re
from fractions import Fraction

from route_switcher.text.quantities import counted, number

HOUR = 3600.0
DAY = 24 * HOUR
MONTH = 30 * DAY
"""Seconds, as all of them. A month is also the longest time that a policy may wait for."""

_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNIT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|[smhd])", re.ASCII)
_DURATION = re.compile(
    rf"{_UNIT.pattern}\Z"
    r"|(?=[0-9])(?:[0-9]{1,9}d)?(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m)?(?:[0-9]{1,9}s)?(?:[0-9]{1,9}ms)?\Z",
    re.ASCII,
)


def parse_duration(text: str) -> float:
    """Seconds of a number and its unit (`1.5h`), or of whole numbers, larger units first (`1h30m`).

    Raises `ValueError` if `text` is neither.
    """
    if _DURATION.match(text) is None:
        raise ValueError(f"not a duration: {text!r}")
    parts = (Fraction(amount) * _MILLISECONDS[unit] for amount, unit in _UNIT.findall(text))
    return float(sum(parts) / 1000)


def format_duration(seconds: float) -> str:
    """The shortest whole number and unit, to the millisecond: 0.5 → 500ms, 120 → 2m, 86400 → 1d."""
    milliseconds = round(seconds * 1000)
    if not milliseconds:
        return "0s"
    unit = max(
        (unit for unit, size in _MILLISECONDS.items() if milliseconds % size == 0),
        key=_MILLISECONDS.__getitem__,
    )
    return f"{milliseconds // _MILLISECONDS[unit]}{unit}"


def seconds(value: float) -> str:
    """An estimate, to three digits that matter: 250 ms, 3.5 s, 62 s, 3 min 2 s, 5 h, 12 days."""
    if value == 0:
        return "0 s"
    if value < 0.9995:
        return f"{number(value * 1000)} ms"
    if value < 119.95:
        return f"{number(value)} s"
    if value < 2 * HOUR:
        return _two_units(round(value), 60, "min", "s")
    if value < 2 * DAY:
        return _two_units(round(value / 60), 60, "h", "min")
    return f"{value / DAY:,.0f} days"


def _two_units(count: int, size: int, large: str, small: str) -> str:
    whole, rest = divmod(count, size)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


_UNITS = ((86_400, "day"), (3600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """A length of time in its two largest units: 2 days 4 h, 5 min 3 s, 2.4 s, 0 s."""
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    largest = next(n for n, (size, _) in enumerate(_UNITS) if round(seconds) >= size)
    smallest, _ = _UNITS[min(largest + 1, len(_UNITS) - 1)]
    # Rounded first: what is left over is never a whole one of the larger unit.
    left = round(seconds / smallest) * smallest
    parts = []
    for size, name in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(counted(count, name) if name == "day" else f"{count} {name}")
    return " ".join(parts)


def hundredths(seconds: float) -> str:
    """As `span`, but short times to the hundredth: two policies may differ in no more."""
    return f"{seconds:.2f} s" if seconds < 60 else span(seconds)


def clock(at: float) -> str:
    """A time in seconds, to the millisecond."""
    return f"{at:.3f}".rstrip("0").rstrip(".") + "s"


def after(seconds: float) -> str:
    """Days, hours, minutes and seconds since the start, to the hundredth of a second."""
    minutes, rest = divmod(round(seconds * 100), 6000)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{day} d {hour:02}:{minute:02}:{rest / 100:05.2f}"
