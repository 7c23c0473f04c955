"""The times of a probe: how often it asks, at which speed, and how long it waits for an answer."""

from collections.abc import Mapping
from functools import partial
from math import inf
from typing import Literal, TypedDict

from route_switcher.policy.findings import Findings
from route_switcher.policy.sections.bounds import keep_within_bounds, read_seconds
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import format_duration, parse_duration

DEFAULT_INTERVAL = 1.0
LONGEST_DEFAULT_TIMEOUT = 1.0

SHORTEST_TIME = 0.01
"""Seconds; a hundred rounds a second per uplink, and about what a busy host can keep up with."""
LONGEST_INTERVAL = 3600.0

_SLOWER: Mapping[Literal["down_interval", "standby_interval"], tuple[str, str]] = {
    "down_interval": ("down interval", "a failed uplink is asked less often, not more"),
    "standby_interval": (
        "standby interval",
        "a standby uplink is asked less often, not more",
    ),
}
"""The keys of the slower speeds, what messages call them, and why they are slower."""


class ProbeTimes(TypedDict):
    """In seconds; what a `Probe` calls them."""

    interval: float
    timeout: float
    fast_interval: float
    down_interval: float
    standby_interval: float


def default_times(
    interval: float = DEFAULT_INTERVAL, fast: float | None = None, share: float = 1.0
) -> ProbeTimes:
    """The times of a probe that writes no others, and waits for a `share` of its shortest interval
    at most."""
    fast = interval if fast is None else fast
    return ProbeTimes(
        interval=interval,
        timeout=min(max(share * fast, SHORTEST_TIME), fast, LONGEST_DEFAULT_TIMEOUT),
        fast_interval=fast,
        down_interval=interval,
        standby_interval=interval,
    )


def read_times(
    findings: Findings, path: Path, share: float, base: Path | None = None
) -> ProbeTimes:
    """The times of the probe at `path`; reports those that cannot be, alone or beside others.

    `share` is that of `default_times`. Keys that are not written there are as at `base`, where all
    is sound.
    """
    read = partial(_read_time, findings, path, base)
    written = read("interval", "interval")
    interval = DEFAULT_INTERVAL if written is None else written
    certain = findings.sound((*path, "interval"))
    fast = read("fast_interval", "fast interval", beside=(0.0, interval if certain else inf))
    if fast is not None and certain and fast > interval:
        findings.report(
            "fast-above-interval",
            (*path, "fast_interval"),
            f"the fast interval {format_duration(fast)} is longer than the interval"
            f" {format_duration(interval)}",
            f"a failure is confirmed faster, not slower: write at most {format_duration(interval)}",
        )
        fast = None
    times = default_times(interval, fast, share)
    shortest = times["fast_interval"] if certain else inf
    timeout = read("timeout", "timeout", beside=(0.0, shortest))
    if timeout is not None:
        times["timeout"] = timeout
        if certain and findings.sound((*path, "fast_interval")):
            _check_timeout(findings, path, times, "interval" if fast is None else "fast interval")
    for key, (what, reason) in _SLOWER.items():
        slower = read(key, what, beside=(interval if certain else 0.0, inf))
        if slower is None:
            continue
        times[key] = slower
        if certain and slower < interval:
            findings.report(
                "slow-below-interval",
                (*path, key),
                f"the {what} {format_duration(slower)} is shorter than the interval"
                f" {format_duration(interval)}",
                f"{reason}: write at least {format_duration(interval)}",
            )
    return times


def bound_hints(findings: Findings, path: Path, base: Path) -> None:
    """Let hints about times at `path` recommend none that would be refused next, where the times
    themselves cannot be read."""
    for key in ("interval", "fast_interval", "timeout", *_SLOWER):
        here = (*path, key)
        if here not in findings.document.keys or findings.sound(here):
            continue
        least, most = SHORTEST_TIME, LONGEST_INTERVAL
        if key in _SLOWER:
            least = max(least, _written(findings, path, base, "interval") or 0.0)
        elif key != "interval":
            above = ("interval", "fast_interval") if key == "timeout" else ("interval",)
            limits = (_written(findings, path, base, each) for each in above)
            most = min(most, *(limit for limit in limits if limit is not None))
        keep_within_bounds(findings, here, least, most)


def _written(findings: Findings, path: Path, base: Path, key: str) -> float | None:
    text = findings.get(placed(findings, path, base, key))
    return parse_duration(text) if isinstance(text, str) else None


def _read_time(
    findings: Findings,
    path: Path,
    base: Path | None,
    key: str,
    what: str,
    *,
    beside: tuple[float, float] = (0.0, inf),
) -> float | None:
    place = placed(findings, path, base, key)
    return read_seconds(findings, place, what, SHORTEST_TIME, LONGEST_INTERVAL, beside=beside)


def placed(findings: Findings, path: Path, base: Path | None, key: str) -> Path:
    """Where a key stands that counts at `path`: there, or else at `base`."""
    here = (*path, key)
    return here if base is None or here in findings.document.keys else (*base, key)


def _check_timeout(findings: Findings, path: Path, times: ProbeTimes, which: str) -> None:
    """The timeout against the shortest interval; `which` is what messages call that."""
    shortest, timeout = times["fast_interval"], times["timeout"]
    if timeout > shortest:
        findings.report(
            "timeout-above-interval",
            (*path, "timeout"),
            f"the timeout {format_duration(timeout)} is longer than the {which}"
            f" {format_duration(shortest)}",
            f"rounds must not overlap: write at most {format_duration(shortest)}, or a longer"
            f" {which}",
        )
