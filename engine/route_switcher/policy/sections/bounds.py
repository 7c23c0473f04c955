"""Values that have to lie within bounds: durations and shares."""

from collections.abc import Callable
from math import inf

from route_switcher.policy.findings import Findings
from route_switcher.policy.schema import near_values
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
    endless: str = "",
) -> float | None:
    """The duration at `path`; None if there is none, or after a report that it is out of bounds.

    `beside`: the least and the most that other keys allow; for hints only. `endless`: the hint for
    a word such as `never`.
    """
    if not findings.sound(path):
        least, most = beside
        keep_within_bounds(findings, path, max(shortest, least), min(longest, most), endless)
    return _read(findings, path, what, shortest, longest, parse_duration, format_duration)


def keep_within_bounds(
    findings: Findings, path: Path, shortest: float, longest: float, endless: str = ""
) -> None:
    """A hint about a duration that is written otherwise recommends none that is out of bounds.
    `endless` is the hint where a word such as `never` is written."""
    value = findings.written(path)
    between = f"write {format_duration(shortest)} to {format_duration(longest)}"
    if near_values.is_negative(value):
        findings.amend(path, between)
    if near_values.is_endless(value):
        findings.amend(path, endless or f"a time ends: write {format_duration(longest)} at most")
    if near_values.is_nothing(value):
        findings.amend(path, between if shortest else "write 0s")
    meant = near_values.durations(value)
    allowed = [text for text in meant if shortest <= parse_duration(text) <= longest]
    if len(allowed) == len(meant):
        return
    missing = "a unit is missing: " if near_values.lacks_a_unit(value) else ""
    findings.amend(path, f"{missing}write {allowed[0]}" if allowed else between)


def read_share(
    findings: Findings, path: Path, what: str, least: float, most: float
) -> float | None:
    """The share at `path`; None if there is none, or after a report that it is out of bounds."""
    if not findings.sound(path):
        meant = near_values.percentages(findings.written(path))
        allowed = [text for text in meant if _is_share(text, least, most)]
        if len(allowed) < len(meant) or near_values.is_negative(findings.written(path)):
            between = f"write {format_share(least)} to {format_share(most)}"
            findings.amend(path, f"write {allowed[0]}" if allowed else between)
    return _read(findings, path, what, least, most, parse_share, format_share)


def _is_share(text: str, least: float, most: float) -> bool:
    try:
        return least <= parse_share(text) <= most
    except ValueError:
        return False


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
