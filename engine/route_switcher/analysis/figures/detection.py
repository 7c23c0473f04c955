"""How long a rule takes to see a fault.

Everything is exact except for one unknown: how long before the fault a probe's last good round was
sent, which is any share of its interval. At the worst the fault begins right after a good round;
the typical time is the mean over all shares (of all probes, each by itself).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from math import inf, sqrt

from route_switcher.analysis.leaves.outage import HALF, Outage
from route_switcher.analysis.leaves.registry import fail_analysis
from route_switcher.analysis.monitoring import Fault, Times, UplinkMonitoring
from route_switcher.core.probing.pace import interval_at
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.states import Speed

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
    confirming = {p.name: monitoring.confirming(p) for p in monitoring.probes}

    def after(since_good: Mapping[str, float], share: float) -> float:
        return _begins(rule.fail, Outage(monitoring, confirming, fault, speed, since_good, share))

    worst = after({p.name: 0.0 for p in probes}, 1.0)
    if worst == inf:
        return None
    intervals = {p.name: interval_at(p, speed) for p in probes}
    return Times(mean_over(intervals, lambda ages: after(ages, HALF)), worst)


def _begins(condition: Condition, outage: Outage) -> float:
    """Seconds after the beginning of the fault until the condition counts as true."""
    return _without_for(condition, outage) + condition.for_seconds


def _without_for(condition: Condition, outage: Outage) -> float:
    match condition:
        case AnyOf():
            return min(_begins(part, outage) for part in condition.conditions)
        case AllOf():
            return max(_begins(part, outage) for part in condition.conditions)
        case leaf:
            return fail_analysis(leaf).begins(outage)


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
