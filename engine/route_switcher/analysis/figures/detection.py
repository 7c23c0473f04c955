"""How long a rule takes to see a fault.

Everything is exact but for one unknown: how long before the fault a probe's last good round was
sent, which is any share of its interval. At the worst the fault begins right after a good round;
the typical time is the mean over all shares (of all probes, each by itself).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from math import inf, sqrt
from typing import assert_never

from route_switcher.analysis.figures.monitoring import Fault, Times, UplinkMonitoring
from route_switcher.core.probing.pace import interval_at
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
from route_switcher.core.vocabulary.policy import Family, Probe, Rule, answers_needed
from route_switcher.core.vocabulary.states import Speed

HALF = 0.5
"""The share of a window that a typical slowness takes to be beyond its limit: it is twice that,
and before and after it there is next to nothing. At the worst it is just above the limit, and must
fill the window."""

_INSTANTS = 256
"""Instants over which times are averaged."""


@cache
def time_to_fail(
    monitoring: UplinkMonitoring, rule: Rule, fault: Fault, speed: Speed = Speed.NORMAL
) -> Times | None:
    """Seconds from the beginning of a fault until the rule is failed; None: it does not see it.

    With o(k) for the time from the sending of the last good round to that of the k-th failed one,
    which is the interval of `speed` + (k - 1) x the fast interval as long as something is being
    confirmed, and the interval of `speed` for each round after that:

    * failures N: at most o(N) + timeout;
    * loss P over D: at most o(k) + timeout for the first k with o(k) > P x D;
    * latency or jitter over D: at most o(k) + timeout for the first k with o(k) >= D, or for a
      typical slowness (twice the limit) o(k) + twice the limit for the first k with o(k) >= D / 2,
      and one interval more where a round does not wait for all its targets;
    * carrier down: at once, if it is lost;
    * any: the least of its parts; all: the greatest; `for`: so much more.

    The mean is half an interval less. Rounds are taken to go on at `speed`: what stands by goes on
    to do so, and no other rule fails it before, after which rounds would go at the down interval.
    """
    probes = monitoring.concerned(rule)

    def after(since_good: Mapping[str, float], share: float) -> float:
        return _Outage(monitoring, fault, speed, since_good, share).begins(rule.fail)

    worst = after({p.name: 0.0 for p in probes}, 1.0)
    if worst == inf:
        return None
    intervals = {p.name: interval_at(p, speed) for p in probes}
    return Times(mean_over(intervals, lambda ages: after(ages, HALF)), worst)


def possible(leaf: Beyond, probe: Probe) -> bool:
    """Whether the limit can be exceeded: more than all cannot be lost, and an answer that comes
    after the timeout is lost."""
    return leaf.limit < (1.0 if leaf.measure is Measure.LOSS else probe.timeout)


def mean_over(spans: Mapping[str, float], value: Callable[[Mapping[str, float]], float]) -> float:
    """The mean of `value` over independent instants, one for each name, each within its span.

    It need not be linear: where a `for` races an interval, it leaps.
    """
    names = list(spans)
    total = 0.0
    for shares in _spread_evenly(len(names)):
        total += value({n: s * spans[n] for n, s in zip(names, shares, strict=True)})
    return round(total / _INSTANTS, 9)


def _spread_evenly(dimensions: int) -> Iterator[Sequence[float]]:
    """Points that fill the unit cube evenly (a Kronecker lattice by the roots of primes)."""
    primes = [n for n in range(2, 50 + 8 * dimensions) if all(n % d for d in range(2, n))]
    steps = [sqrt(prime) % 1 for prime in primes[: dimensions - 1]]
    for number in range(_INSTANTS):
        middle = number + 0.5
        yield [middle / _INSTANTS, *(middle * step % 1 for step in steps)]


def sendings(probe: Probe, speed: Speed, confirming: int) -> Iterator[float]:
    """Seconds from the sending of the last good round to those of the failed ones after it."""
    at, count = 0.0, 0
    while True:
        at += probe.fast_interval if 0 < count < confirming else interval_at(probe, speed)
        count += 1
        yield at


class _Outage:
    """One fault, at a certain instant as against the rounds: `since_good` says for each probe how
    long before it the last good round was sent. `share` of a window is slow when it counts."""

    def __init__(
        self,
        monitoring: UplinkMonitoring,
        fault: Fault,
        speed: Speed,
        since_good: Mapping[str, float],
        share: float,
    ) -> None:
        self._watch = monitoring
        self._fault = fault
        self._speed = speed
        self._since_good = since_good
        self._share = share

    def begins(self, condition: Condition) -> float:
        """Seconds after the beginning of the fault until the condition counts as true."""
        return self._leaf_begins(condition) + condition.for_seconds

    def _leaf_begins(self, condition: Condition) -> float:
        match condition:
            case AnyOf():
                return min(self.begins(part) for part in condition.conditions)
            case AllOf():
                return max(self.begins(part) for part in condition.conditions)
            case CarrierDown():
                seen = self._fault is Fault.UNPLUGGED and not self._watch.ignores_carrier
                return 0.0 if seen else inf
            case ConsecutiveFailures():
                return self._failures(condition)
            case Beyond():
                return self._beyond(condition)
            case ConsecutiveSuccesses() | Within() | CarrierUp():
                raise TypeError(f"not a fail condition: {condition}")
            case _:
                assert_never(condition)

    def _failures(self, leaf: ConsecutiveFailures) -> float:
        if self._fault is Fault.SLOW:
            return inf
        probe = self._watch.probe(leaf.probe)
        confirming = self._watch.confirming(probe)
        fast = max(0, min(leaf.failures, confirming) - 1)
        normal = leaf.failures - fast
        last = normal * interval_at(probe, self._speed) + fast * probe.fast_interval
        return last + probe.timeout - self._since_good[probe.name]

    def _beyond(self, leaf: Beyond) -> float:
        probe = self._watch.probe(leaf.probe)
        lost = leaf.measure is Measure.LOSS
        if (self._fault is Fault.SLOW) is lost or not possible(leaf, probe):
            return inf
        share = leaf.limit if lost else self._share
        at = self._first_sending(probe, share * leaf.over, at_least=not lost)
        if not lost and _tells_late(probe):
            at += interval_at(probe, self._speed)
        typical = not lost and share == HALF
        told = min(leaf.limit / HALF, probe.timeout) if typical else probe.timeout
        return at + told - self._since_good[probe.name]

    def _first_sending(self, probe: Probe, enough: float, at_least: bool) -> float:
        """The first sending that comes later than `enough`, or as late if `at_least`."""
        interval = interval_at(probe, self._speed)
        confirming = self._watch.confirming(probe) if self._fault is not Fault.SLOW else 0
        at = 0.0
        for number, at in enumerate(sendings(probe, self._speed, confirming), 1):
            if at > enough or (at_least and at == enough):
                return at
            if number >= confirming:
                break
        # All that follow come at one pace; whole microseconds, as the core counts them.
        missing, step = round((enough - at) * 1e6), round(interval * 1e6)
        rounds = -(-missing // step) if at_least else missing // step + 1
        return at + rounds * interval


def _tells_late(probe: Probe) -> bool:
    """Whether a round may end before its slowest target answers, which then counts in the next."""
    counts = [len(probe.targets_for(family)) for family in Family]
    return any(answers_needed(probe.quorum, count) < count for count in counts if count)
