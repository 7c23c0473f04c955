"""Values that have to lie within bounds: durations and shares."""

from collections.abc import Callable
from math import inf

from route_switcher.policy.findings import Findings
from route_switcher.policy.schema import typo_hints
from route_switcher.policy.values import format_share, parse_share
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import format_duration, parse_duration


def read_seconds(
    findings: Findings,
    path: Path,
    what: str,
    shortest: float,
    longest: float,
    *,
    beside: tuple[float, float] = (0.0, inf),
) -> float | None:
    """The duration at `path`; None if there is none, or after a report that it is out of bounds.

    `beside`: the least and the most that other keys allow; for hints only.
    """
    if not findings.sound(path):
        least, most = beside
        keep_within_bounds(findings, path, max(shortest, least), min(longest, most))
    return _read(findings, path, what, shortest, longest, parse_duration, format_duration)


def keep_within_bounds(findings: Findings, path: Path, shortest: float, longest: float) -> None:
    """A hint about a duration that is written otherwise recommends none that is out of bounds."""
    meant = typo_hints.durations(findings.written(path))
    allowed = [text for text in meant if shortest <= parse_duration(text) <= longest]
    if len(allowed) == len(meant):
        return
    between = f"write {format_duration(shortest)} to {format_duration(longest)}"
    unit_missing = f"a unit is missing: write {allowed[0]}" if allowed else between
    findings.amend(path, unit_missing)


def read_share(
    findings: Findings, path: Path, what: str, least: float, most: float
) -> float | None:
    """The share at `path`; None if there is none, or after a report that it is out of bounds."""
    return _read(findings, path, what, least, most, parse_share, format_share)


def _read(
    findings: Findings,
    path: Path,
    what: str,
    least: float,
    most: float,
    parse: Callable[[str], float],
    written: Callable[[float], str],
) -> float | None:
    text = findings.get(path)
    if not isinstance(text, str):
        return None
    value = parse(text)
    if least <= value <= most:
        return value
    hint = f"write {written(least)} to {written(most)}"
    findings.report("out-of-range", path, f"{text} is no {what}", hint)
    return None
