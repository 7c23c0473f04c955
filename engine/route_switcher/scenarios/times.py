"""The times that a scenario names."""

from route_switcher.policy.findings import Findings
from route_switcher.policy.sections.bounds import keep_within_bounds
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import MONTH, format_duration, parse_duration
from route_switcher.virtual.schedule import nanoseconds

LONGEST = MONTH
"""Seconds that a scenario may last, so that every run is bounded."""


def read_time(findings: Findings, path: Path) -> int | None:
    """Nanoseconds; None if nothing sound is written there, or after a report."""
    keep_within_bounds(findings, path, 0, LONGEST)
    text = findings.get(path)
    if not isinstance(text, str):
        return None
    seconds = parse_duration(text)
    if seconds > LONGEST:
        longest = format_duration(LONGEST)
        message = f"{text} is more than {longest}"
        findings.report("bad-value", path, message, f"write at most {longest}")
        return None
    return nanoseconds(seconds)
