"""The conditions of a rule: what each mapping below `fail` and `recover` means."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import NamedTuple

from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Leaf,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.sections.bounds import read_seconds, read_share
from route_switcher.policy.sections.intervals import SHORTEST_TIME
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import MONTH, format_duration

LONGEST_WINDOW = 3600.0
"""Seconds; it bounds the memory of a window: the rounds of an hour, for each target and uplink."""

SHORTEST_LIMIT = 0.001
LONGEST_LIMIT = 3600.0
"""Seconds, for latency and jitter: less cannot be told apart, more is above every timeout."""

HIGHEST_LOSS = 0.999
"""More than all cannot be lost, and at most all is always: a limit of 100% would say nothing."""

_GROUPS: dict[str, type[AnyOf] | type[AllOf]] = {"any": AnyOf, "all": AllOf}


class Side(Enum):
    """The two conditions of a rule, by their keys."""

    FAIL = "fail"
    RECOVER = "recover"


_WINDOWS: dict[Side, type[Beyond] | type[Within]] = {Side.FAIL: Beyond, Side.RECOVER: Within}
_LOWEST_LOSS = {Side.FAIL: 0.001, Side.RECOVER: 0.0}


def leaves_about_probes(findings: Findings, path: Path) -> Iterator[Path]:
    """Where, in the condition at `path`, the conditions about a probe stand."""
    written = [kind for key, kind in _LEAVES.items() if (*path, key) in findings.document.keys]
    if any(kind.about_a_probe for kind in written):
        yield path
    for group in _GROUPS:
        for inner in findings.items((*path, group)):
            yield from leaves_about_probes(findings, inner)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Reads the conditions of one side of a rule; reports what a schema cannot."""

    findings: Findings
    side: Side
    probes: Mapping[str, Probe]
    """Those that are sound, by name."""
    probe: str | None
    """The probe of the conditions that name none; None if the rule has none that is certain."""

    def read(self, path: Path) -> Condition | None:
        """The condition at `path`; None if there is none, or none that is sound."""
        held = read_seconds(self.findings, (*path, "for"), "time to hold", 0, MONTH) or 0.0
        for key, group in _GROUPS.items():
            places = self.findings.items((*path, key))
            if places:
                read = [self.read(place) for place in places]
                parts = tuple(part for part in read if part is not None)
                return group(parts, held) if len(parts) == len(read) else None
        leaf = self._leaf(path, held)
        return leaf if self.findings.sound(path) else None

    def _leaf(self, path: Path, held: float) -> Leaf | None:
        keys = self.findings.document.keys
        read = next((kind.read for key, kind in _LEAVES.items() if (*path, key) in keys), None)
        return None if read is None else read(self, path, held)

    def probe_at(self, path: Path) -> str | None:
        """The probe of the condition at `path`; None if it has none that is certain."""
        written = self.findings.get((*path, "probe"))
        return written if isinstance(written, str) else self.probe

    def window(self, measure: Measure, path: Path, held: float) -> Beyond | Within | None:
        """A condition on what a window measures; None if it is not sound."""
        probe = self.probe_at(path)
        limit_path, over_path = (*path, measure.value), (*path, "over")
        if measure is Measure.LOSS:
            lowest = _LOWEST_LOSS[self.side]
            limit = read_share(self.findings, limit_path, "limit of loss", lowest, HIGHEST_LOSS)
        else:
            what = f"limit of {measure.value}"
            limit = read_seconds(self.findings, limit_path, what, SHORTEST_LIMIT, LONGEST_LIMIT)
        its = self.probes.get(probe) if probe is not None else None
        over = read_seconds(
            self.findings,
            over_path,
            "window",
            SHORTEST_TIME,
            LONGEST_WINDOW,
            beside=(0.0 if its is None else its.interval, inf),
        )
        if over is None or probe is None:
            return None
        self._check_window(over_path, over, probe)
        return None if limit is None else _WINDOWS[self.side](measure, probe, limit, over, held)

    def _check_window(self, path: Path, over: float, probe: str) -> None:
        if probe not in self.probes or over >= self.probes[probe].interval:
            return
        interval = format_duration(self.probes[probe].interval)
        self.findings.report(
            "window-below-interval",
            path,
            f"the window {format_duration(over)} is shorter than the interval {interval} of the"
            f" probe {quoted(probe)}",
            f"nothing can be measured in less than one interval: write at least {interval}",
        )


_Read = Callable[[Conditions, Path, float], Leaf | None]
"""Reads the leaf at a path, which must hold for some seconds; None if it is not sound."""


class _Kind(NamedTuple):
    read: _Read
    about_a_probe: bool = True


def _carrier(conditions: Conditions, path: Path, held: float) -> Leaf | None:
    match conditions.findings.get((*path, "carrier")):
        case "down":
            return CarrierDown(held)
        case "up":
            return CarrierUp(held)
        case _:
            return None


def _rounds(key: str, kind: type[ConsecutiveFailures] | type[ConsecutiveSuccesses]) -> _Kind:
    def read(conditions: Conditions, path: Path, held: float) -> Leaf | None:
        rounds, probe = conditions.findings.get((*path, key)), conditions.probe_at(path)
        if not isinstance(rounds, int) or probe is None:
            return None
        return kind(probe, rounds, held)

    return _Kind(read)


def _window(measure: Measure) -> _Kind:
    def read(conditions: Conditions, path: Path, held: float) -> Leaf | None:
        return conditions.window(measure, path, held)

    return _Kind(read)


# The first that is written is read; the schema has refused another one beside it.
_LEAVES: Mapping[str, _Kind] = {
    **{measure.value: _window(measure) for measure in Measure},
    "carrier": _Kind(_carrier, about_a_probe=False),
    "failures": _rounds("failures", ConsecutiveFailures),
    "successes": _rounds("successes", ConsecutiveSuccesses),
}
"""The leaves by the key that makes each of them one."""
