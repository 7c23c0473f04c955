"""From when on: so long ago, or from a day or a time of day here."""

from datetime import datetime

from route_switcher.text.durations import parse_duration

_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


def parse_since(text: str, now: float) -> float:
    """Seconds since 1970, UTC, of `30d`, `2026-11-01` or `2026-11-01 14:30`. Raises ValueError."""
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).timestamp()
        except (ValueError, OverflowError):
            continue
    return now - parse_duration(text)
