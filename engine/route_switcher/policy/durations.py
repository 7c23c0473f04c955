"""Durations as people write them (500ms, 1s, 2m, 1h) ↔ seconds."""

import re
from fractions import Fraction

_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)\Z", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds. Raises `ValueError` if `text` is not a number and its unit."""
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(f"not a duration: {text!r}")
    number, unit = match.groups()
    return float(Fraction(number) * _MILLISECONDS[unit] / 1000)


def format_duration(seconds: float) -> str:
    """The shortest whole number and unit, to the millisecond: 0.5 → 500ms, 120 → 2m."""
    milliseconds = round(seconds * 1000)
    if not milliseconds:
        return "0s"
    unit = max(
        (unit for unit, size in _MILLISECONDS.items() if milliseconds % size == 0),
        key=_MILLISECONDS.__getitem__,
    )
    return f"{milliseconds // _MILLISECONDS[unit]}{unit}"
