"""When the rules of an uplink have made up their mind about a probe that fails."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.policy import Probe, Rule

LONGEST_WAIT = 60.0
"""Seconds for which a verdict is waited for at most: however long windows are, traffic does not
stay longer on a silent uplink while another answers."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """After so many failed rounds in a row of a probe, and so many seconds of them, the rules that
    it can fail by itself have failed; what is not failed then, it does not fail."""

    rounds: int
    seconds: float


def confirmation_of(probe: Probe, rules: Iterable[Rule]) -> Confirmation:
    """The verdict on `probe`, by `rules`, which are those that judge the uplink."""
    rules = tuple(rules)
    counted = failures_that_count(probe, rules)
    # Silence is no matter of latency, but where no rule counts failures, one must not be enough.
    measures = (Measure.LOSS,) if counted else tuple(Measure)
    seconds = max((_seconds(rule.fail, probe.name, measures) for rule in rules), default=0.0)
    return Confirmation(max(1, counted), min(seconds, LONGEST_WAIT))


def _seconds(condition: Condition, probe: str, measures: Sequence[Measure]) -> float:
    match condition:
        case AnyOf() | AllOf():
            longest = max(_seconds(part, probe, measures) for part in condition.conditions)
            return longest + condition.for_seconds
        case Beyond():
            counts = condition.probe == probe and condition.measure in measures
            return condition.for_seconds + (condition.over if counts else 0.0)
        case (
            ConsecutiveFailures() | ConsecutiveSuccesses() | Within() | CarrierDown() | CarrierUp()
        ):
            return condition.for_seconds
        case _:
            assert_never(condition)
