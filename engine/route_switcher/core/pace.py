"""How soon the next round is due: faster while a failure is being confirmed.

After the first failed round of a run, the rounds that confirm it come at `fast_interval` (HAProxy's
fastinter), until one is good or every rule that counts them has made up its mind. So the steady
rate stays low, and a failure is found soon. Recovery goes at the normal pace: stability is time.
"""

from collections.abc import Iterable

from route_switcher.core.events import RoundOutcome
from route_switcher.core.model import ConsecutiveFailures, Probe, Rule


def failures_that_count(probe: Probe, rules: Iterable[Rule]) -> int:
    """After how many failed rounds in a row every rule that counts them has made up its mind."""
    return max(
        (
            rule.fail.failures
            for rule in rules
            if rule.probe == probe.name and isinstance(rule.fail, ConsecutiveFailures)
        ),
        default=0,
    )


class Pace:
    """The pace of one probe through one uplink. Tell it every outcome, in order."""

    __slots__ = ("_enough", "_failures", "_probe")

    def __init__(self, probe: Probe, rules: Iterable[Rule]) -> None:
        self._probe = probe
        self._failures = 0
        self._enough = failures_that_count(probe, rules)

    def after(self, outcome: RoundOutcome) -> float:
        """Seconds from the sending of the round that came to `outcome` to the next."""
        if outcome is RoundOutcome.GOOD:
            self._failures = 0
        elif outcome is RoundOutcome.FAILED:
            self._failures += 1
        confirming = 0 < self._failures < self._enough
        return self._probe.fast_interval if confirming else self._probe.interval
