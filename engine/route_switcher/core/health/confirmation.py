"""How long a failing probe may block its uplink.

While a rule could still fail because of it, no traffic moves to that uplink; afterwards the probe
is ignored.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition, Subject
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe


@dataclass(frozen=True, slots=True)
class Confirmation:
    """After so many failed rounds in a row of a probe, and so many seconds of them, each rule that
    it alone can fail has failed. What has not failed by then does not fail because of it."""

    rounds: int
    seconds: float


def confirmation_of(probe: Probe, rules: Iterable[Rule]) -> Confirmation:
    """The confirmation of `probe` by `rules`, which are those that judge the uplink."""
    rules = tuple(rules)
    counted = failures_that_count(probe, rules)
    # Silence is no matter of latency, but where no rule counts failures, one must not be enough.
    seconds = max(
        (_seconds(rule.fail, probe.name, silence_only=counted > 0) for rule in rules), default=0.0
    )
    return Confirmation(max(1, counted), seconds)


def _seconds(condition: Condition, probe: str, *, silence_only: bool) -> float:
    """`silence_only`: windows that silence does not fill are not waited for."""
    if isinstance(condition, AnyOf | AllOf):
        longest = max(
            _seconds(part, probe, silence_only=silence_only) for part in condition.conditions
        )
        return longest + condition.for_seconds
    if condition.subject is Subject.NEXT_HOP:
        return 0.0  # no round makes it hold
    counts = condition.probe == probe and (condition.holds_by_silence or not silence_only)
    return condition.for_seconds + ((condition.window or 0.0) if counts else 0.0)
