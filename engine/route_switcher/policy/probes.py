"""The `probes` section: what each probe means, and whether it suits the uplinks."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from route_switcher.core.model import Address, Family, Probe, Quorum, Uplink, family_of
from route_switcher.policy.addresses import UnusableAddress, parse_address
from route_switcher.policy.durations import format_duration, parse_duration
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.source import Path

SECTION = "probes"

DEFAULT_NAME = "internet"
DEFAULT_TARGETS = {
    Family.IPV4: ip_address("8.8.8.8"),
    Family.IPV6: ip_address("2001:4860:4860::8888"),
}
"""Google Public DNS (developers.google.com/speed/public-dns): the seed's target."""
DEFAULT_INTERVAL = 1.0
LONGEST_DEFAULT_TIMEOUT = 1.0

_TIMES = {"interval": "interval", "timeout": "timeout", "fast_interval": "fast interval"}
"""The keys of a probe that are times, and what messages call them."""

SHORTEST_TIME = 0.01
"""Seconds; a hundred rounds a second per uplink, and about what a busy host can keep up with."""
LONGEST_INTERVAL = 3600.0


def read_probes(findings: Findings, uplinks: Sequence[Uplink] | None) -> tuple[Probe, ...]:
    """Every probe that is sound. `uplinks` is None while not all of them are certain."""
    used = {uplink.family for uplink in uplinks or ()}
    defaults = tuple(DEFAULT_TARGETS[family] for family in Family if family in used)
    if (SECTION,) not in findings.document.keys:
        return (Probe(DEFAULT_NAME, defaults, "any", *_default_times()),)
    return tuple(_sound_probes(findings, uplinks, defaults))


def _sound_probes(
    findings: Findings, uplinks: Sequence[Uplink] | None, defaults: tuple[Address, ...]
) -> Iterator[Probe]:
    for path in findings.entries((SECTION,)):
        if findings.get((*path, "type")) is None:
            continue  # Its other keys are known to be of the right kind only if its type is.
        times = _read_times(findings, path)
        targets_path = (*path, "targets")
        if targets_path in findings.document.keys:
            targets = _read_targets(findings, targets_path)
            if uplinks is not None and findings.sound(targets_path):
                _check_families(findings, targets_path, targets, uplinks)
        else:
            targets = defaults
        quorum = _read_quorum(findings, path, targets)
        if findings.sound(path):
            yield Probe(str(path[-1]), targets, quorum, *times)


def _default_times(
    interval: float = DEFAULT_INTERVAL, fast: float | None = None
) -> tuple[float, float, float]:
    fast = interval if fast is None else fast
    return interval, min(fast, LONGEST_DEFAULT_TIMEOUT), fast


def _read_times(findings: Findings, path: Path) -> tuple[float, float, float]:
    """Interval, timeout and fast interval, in seconds, of a probe."""
    interval, timeout, fast = (
        read_seconds(findings, (*path, key), what, SHORTEST_TIME, LONGEST_INTERVAL)
        for key, what in _TIMES.items()
    )
    certain = findings.sound((*path, "interval"))
    if interval is None:
        interval = DEFAULT_INTERVAL
    if fast is not None and certain and fast > interval:
        findings.report(
            "fast-above-interval",
            (*path, "fast_interval"),
            f"the fast interval {format_duration(fast)} is longer than the interval"
            f" {format_duration(interval)}",
            f"a failure is confirmed faster, not slower: write at most {format_duration(interval)}",
        )
        fast = None
    certain = certain and findings.sound((*path, "fast_interval"))
    shortest = interval if fast is None else fast
    if timeout is not None and certain and timeout > shortest:
        which = "interval" if fast is None else "fast interval"
        findings.report(
            "timeout-above-interval",
            (*path, "timeout"),
            f"the timeout {format_duration(timeout)} is longer than the {which}"
            f" {format_duration(shortest)}",
            f"rounds must not overlap: write at most {format_duration(shortest)}, or a longer"
            f" {which}",
        )
    interval, default, fast = _default_times(interval, fast)
    return interval, default if timeout is None else timeout, fast


def read_seconds(
    findings: Findings, path: Path, what: str, shortest: float, longest: float
) -> float | None:
    """The duration at `path`; None if there is none, or after a report that it is out of bounds."""
    text = findings.get(path)
    if not isinstance(text, str):
        return None
    seconds = parse_duration(text)
    if shortest <= seconds <= longest:
        return seconds
    allowed = f"{format_duration(shortest)} to {format_duration(longest)}"
    findings.report("out-of-range", path, f"{text} is no {what}", f"write {allowed}")
    return None


def _read_targets(findings: Findings, path: Path) -> tuple[Address, ...]:
    targets: dict[Address, Path] = {}
    for place in findings.items(path):
        text = findings.get(place)
        if not isinstance(text, str):
            continue
        try:
            target = parse_address(text)
        except UnusableAddress as error:
            hint = "write the address of a host that answers pings"
            findings.report("bad-address", place, str(error), hint)
            continue
        if target in targets:
            findings.report(
                "duplicate-target",
                place,
                f"the target {quoted(text)} stands here twice",
                "remove it: a target is asked once in a round",
            )
        targets[target] = place
    return tuple(targets)


def _check_families(
    findings: Findings, path: Path, targets: Sequence[Address], uplinks: Sequence[Uplink]
) -> None:
    for family in Family:
        uplink = next((uplink for uplink in uplinks if uplink.family is family), None)
        indexes = [i for i, target in enumerate(targets) if family_of(target) is family]
        if uplink is None:
            for index in indexes:
                findings.report(
                    "wrong-family",
                    (*path, index),
                    f"{quoted(str(targets[index]))} is an {family} target, and no uplink is"
                    f" {family}",
                    "remove it, or add an uplink with a gateway of that family",
                )
        elif not indexes:
            findings.report(
                "wrong-family",
                path,
                f"there is no {family} target for the {family} uplink {quoted(uplink.name)}",
                f"add one, for example {DEFAULT_TARGETS[family]}",
                on_key=True,
            )


def _read_quorum(findings: Findings, path: Path, targets: Sequence[Address]) -> Quorum:
    quorum = findings.get((*path, "quorum"))
    if not isinstance(quorum, int):
        return "all" if quorum == "all" else "any"
    if findings.sound((*path, "targets")):
        for family in Family:
            count = sum(family_of(target) is family for target in targets)
            if 0 < count < quorum:
                findings.report(
                    "quorum-above-targets",
                    (*path, "quorum"),
                    f"{quorum} is more than there are {family} targets ({count})",
                    f"write all, or at most {count}, or add targets",
                )
    return quorum
