"""How soon the next round is due: three speeds, and a faster one while a failure is confirmed.

After the first failed round of a run, the rounds that confirm it come at `fast_interval` (HAProxy's
fastinter), until one is good or there are enough for every rule that counts them. So the steady
rate stays low, and a failure is found soon. A failed uplink, or one that stands by, may be asked
more slowly (downinter). Recovery goes at the normal speed: stability is time.
"""

from collections.abc import Iterable

from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import RoundOutcome, Speed

APART = 1.0
"""Seconds from one round to the next that is sent beside it, while the first is still open."""

SILENCE = 30.0
"""Seconds without one known round after which a person should look; one warning is given."""

MOST_OPEN = 60
"""Rounds of one probe through one uplink that may be open at once."""


def interval_at(probe: Probe, speed: Speed) -> float:
    """Seconds from one round to the next at this speed."""
    match speed:
        case Speed.NORMAL:
            return probe.interval
        case Speed.STANDBY:
            return probe.standby_interval
        case Speed.DOWN:
            return probe.down_interval


def apart(probe: Probe) -> float:
    """Seconds from one round to the next that is sent beside it: `APART`, or longer where the
    timeout is so long that otherwise more than `MOST_OPEN` would be open at once."""
    return max(APART, probe.timeout / MOST_OPEN)


def slowest_interval(probe: Probe) -> float:
    """Seconds from one round to the next at the slowest of its speeds."""
    return max(interval_at(probe, speed) for speed in Speed)


def longest_gap(probe: Probe) -> float:
    """Maximum age of a round, in seconds. An older answer is stale, and a longer gap between the
    sendings of two known rounds restarts a window."""
    return 2 * slowest_interval(probe) + probe.timeout


def longest_break(probe: Probe) -> float:
    """Maximum gap, in seconds, between the sendings of two known rounds that stable time can cover;
    what recovers is probed at normal speed."""
    return 2 * probe.interval + probe.timeout


def failures_that_count(probe: Probe, rules: Iterable[Rule]) -> int:
    """The most failed rounds in a row that a rule counts before it fails; 0: none counts them."""
    return max(
        (leaf.rounds for rule in rules for leaf in rule.fail_leaves if leaf.probe == probe.name),
        default=0,
    )


class Pace:
    """The pace of one probe through one uplink. Tell it every outcome, in order.

    `rules` are those that judge the uplink. `speed` may be set at any time.
    """

    __slots__ = ("_enough", "_failures", "_probe", "apart", "speed")

    def __init__(self, probe: Probe, rules: Iterable[Rule]) -> None:
        self.apart = apart(probe)
        """Seconds from one round to the next that is sent beside it."""
        self._probe = probe
        self._failures = 0
        self._enough = failures_that_count(probe, rules)
        self.speed = Speed.NORMAL

    def after(self, outcome: RoundOutcome) -> float:
        """Seconds from the sending of the round that came to `outcome` to the next."""
        if outcome is RoundOutcome.GOOD:
            self._failures = 0
        elif outcome is RoundOutcome.FAILED:
            self._failures += 1
        return self.interval

    @property
    def interval(self) -> float:
        """Seconds from one round to the next, as things are now."""
        if 0 < self._failures < self._enough:
            return self._probe.fast_interval
        return interval_at(self._probe, self.speed)


def longest_silence(policy: Policy) -> float:
    """Seconds without one known round that are no reason to look: where rounds are rare, two of the
    gaps that start stability again."""
    return max(SILENCE, 2 * max(longest_gap(probe) for probe in policy.probes))
