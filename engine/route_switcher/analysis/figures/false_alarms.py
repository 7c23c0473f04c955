"""How often a rule fails an uplink that works, where packets are lost at random.

Each request or its answer is lost with the same chance, each by itself. Real losses come in bursts,
so this is the least that must be expected of a noisy line; it says nothing of outages.
"""

from dataclasses import dataclass
from functools import cache
from math import ceil, comb, exp, expm1, inf, lgamma, log, log1p
from typing import assert_never

from route_switcher.analysis.figures.monitoring import UplinkMonitoring
from route_switcher.analysis.figures.traffic import MONTH
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
    leaves,
)
from route_switcher.core.vocabulary.policy import Family, Probe, Rule, answers_needed

LOSSES = (0.01, 0.05)
"""The chances of a packet to be lost that are looked at unless others are asked for."""

_SELDOM = 0.02
"""The share of the time that an uplink may be away so that how it is probed then is no matter."""

_HOPELESS = 50.0
"""Failed rounds expected in one stable time: good ones never cover it."""


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """What random loss alone does to a working uplink."""

    failures: float
    """How often it is failed in 30 days; inf: as soon as it is healthy again."""
    away: float
    """The share of the time in which it is failed or recovering."""
    bound: bool = False
    """Whether `failures` is what it is at most; else it is the mean."""


@dataclass(frozen=True, slots=True)
class _Occurrence:
    """How a condition comes and goes at random."""

    rate: float
    """How often a second it becomes true."""
    share: float
    """The share of the time in which it is true."""


_NEVER = _Occurrence(0.0, 0.0)


@cache
def false_failures(
    monitoring: UplinkMonitoring, rule: Rule, family: Family, loss: float
) -> FalseAlarms:
    """How often a rule fails an uplink of `family` on which each packet is lost with the chance
    `loss`.

    With f for the chance of a round to fail (fewer of its targets answer than the quorum asks), i
    for the mean time between rounds, and k for the least number of lost rounds among the n of a
    window that is beyond the limit:

    * failures N: once in i x (1 - f^N) / (f^N x (1 - f)), exact; with `for`, as many more failed
      rounds as it takes;
    * loss: at most k/n x (1 - loss) x (chance of exactly k of n) / i for each target, the rate at
      which a window goes beyond the limit: it may do so several times in a row; where several
      targets must be beyond it at once, the rate at which the last one is;
    * any: the sum, at most; all of different probes: the rate at which the last becomes true;
      all of one probe: the least of its parts, at most.

    Latency, jitter and the carrier do not fail by random loss. Before it can fail again, the uplink
    must come back, which takes `time_to_recover` at the same loss.
    """
    truth = _truth(monitoring, rule.fail, family, loss)
    if truth.rate == 0:
        return FalseAlarms(0.0, 0.0)
    if truth.share >= 1:
        return FalseAlarms(inf, 1.0)
    until, back = 1 / truth.rate, time_to_recover(monitoring, rule, family, loss)
    # What does not come back in a month fails once.
    failures = max(MONTH / (until + back), -expm1(-MONTH / until))
    away = 1 / (1 + until / back)
    return FalseAlarms(failures, away, not _is_exact(monitoring, rule, away))


def _is_exact(monitoring: UplinkMonitoring, rule: Rule, away: float) -> bool:
    """Whether failures are counted, in a row, of one probe; and its rounds go at one pace, or next
    to always at the normal one."""
    (probe, *others) = monitoring.concerned(rule)
    plain = isinstance(rule.fail, ConsecutiveFailures) and rule.recover.condition is None
    level = probe.interval == probe.fast_interval == probe.down_interval
    return plain and not others and (level or away < _SELDOM)


@cache
def time_to_recover(monitoring: UplinkMonitoring, rule: Rule, family: Family, loss: float) -> float:
    """The mean seconds until a rule that failed is ok again while packets go on being lost; inf:
    more than anybody lives to see.

    It begins with the first good round, at the down interval. Then the stable time must go by
    without a failed round: n good rounds in a row, which takes (1/g^n - 1) / (f x g) rounds in the
    mean, where each fails with the chance f = 1 - g; and where one failed, a good one comes first.
    Where several probes have a say, S seconds without a failure, of which r come in a second, take
    (e^(r x S) - 1) / r. Windows of the recover condition are not looked at.
    """
    probes = monitoring.concerned(rule)
    fails = {p: _round_fails(p, family, loss) for p in probes}
    if max(fails.values()) >= 1:
        return inf
    rate = sum(-log1p(-fails[p]) / p.interval for p in probes)
    stable = rule.recover.stable
    if rate * stable > _HOPELESS:
        return inf
    first = min(p.down_interval / (1 - fails[p]) for p in probes)
    if not rate:
        return first + stable
    if len(probes) > 1:
        return first + expm1(rate * stable) / rate
    (probe,) = probes
    rounds, f = ceil(round(stable / probe.interval, 6)), fails[probe]
    return first + probe.interval * expm1(-rounds * log1p(-f)) / (f * (1 - f))


def share_within(leaf: Within, probe: Probe, family: Family, loss: float) -> float:
    """The share of the time in which a limit of loss is kept, where packets are lost at random."""
    rounds = max(1, round(leaf.over / probe.interval))
    most = int(leaf.limit * rounds * (1 + 1e-12))
    kept = 1 - _at_least(most + 1, rounds, loss)
    targets = len(probe.targets_for(family))
    return _at_least(answers_needed(probe.quorum, targets), targets, kept)


def _truth(
    monitoring: UplinkMonitoring, condition: Condition, family: Family, loss: float
) -> _Occurrence:
    match condition:
        case AnyOf():
            parts = [_truth(monitoring, part, family, loss) for part in condition.conditions]
            return _Occurrence(sum(p.rate for p in parts), min(1.0, sum(p.share for p in parts)))
        case AllOf():
            return _all(monitoring, condition, family, loss)
        case ConsecutiveFailures():
            return _failures(monitoring, condition, family, loss)
        case Beyond(measure=Measure.LOSS):
            return _lossy(monitoring, condition, family, loss)
        case Beyond() | CarrierDown():
            return _NEVER  # random loss alone cannot make it hold
        case ConsecutiveSuccesses() | Within() | CarrierUp():
            raise TypeError(f"not a fail condition: {condition}")
        case _:
            assert_never(condition)


def _all(
    monitoring: UplinkMonitoring, condition: AllOf, family: Family, loss: float
) -> _Occurrence:
    parts = [_truth(monitoring, part, family, loss) for part in condition.conditions]
    named = [
        [leaf.probe for leaf in leaves(part) if isinstance(leaf, ConsecutiveFailures | Beyond)]
        for part in condition.conditions
    ]
    apart = sum(len(set(names)) for names in named) == len({n for names in named for n in names})
    if not apart:
        return _Occurrence(min(p.rate for p in parts), min(p.share for p in parts))
    share, rate = 1.0, 0.0
    for part in parts:
        rate = rate * part.share + part.rate * share
        share *= part.share
    return _Occurrence(rate, share)


def _round_fails(probe: Probe, family: Family, loss: float) -> float:
    """The chance of a round to fail: more of its targets are silent than the quorum forgives."""
    targets = len(probe.targets_for(family))
    forgiven = targets - answers_needed(probe.quorum, targets)
    return _at_least(forgiven + 1, targets, loss)


def _mean_interval(monitoring: UplinkMonitoring, probe: Probe, fails: float) -> float:
    """Seconds from a round to the next: fast ones follow the failed ones that are confirmed."""
    confirming = sum(
        (1 - fails) * fails**failures for failures in range(1, monitoring.confirming(probe))
    )
    return confirming * probe.fast_interval + (1 - confirming) * probe.interval


def _failures(
    monitoring: UplinkMonitoring, leaf: ConsecutiveFailures, family: Family, loss: float
) -> _Occurrence:
    probe = monitoring.probe(leaf.probe)
    fails = _round_fails(probe, family, loss)
    # `for` begins when the last of the failures is told, and ends at the next good round.
    more = (
        int(max(0.0, leaf.for_seconds + probe.timeout - 1e-9) // probe.interval)
        if leaf.for_seconds
        else 0
    )
    run = leaf.failures + more
    if fails >= 1:
        return _Occurrence(1 / (run * probe.interval), 1.0)
    chance = fails**run
    rate = (1 - fails) * chance / (1 - chance) / _mean_interval(monitoring, probe, fails)
    return _Occurrence(rate, chance)


def _lossy(monitoring: UplinkMonitoring, leaf: Beyond, family: Family, loss: float) -> _Occurrence:
    probe = monitoring.probe(leaf.probe)
    targets = len(probe.targets_for(family))
    rounds = max(1, round(leaf.over / probe.interval))
    least = int(leaf.limit * rounds * (1 + 1e-12)) + 1
    if least > rounds or loss <= 0:
        return _NEVER
    if loss >= least / rounds:
        return _Occurrence(1 / leaf.over, 1.0)  # Beyond the limit as soon as the window is full.
    tail = _at_least(least, rounds, loss)
    rate = least / rounds * (1 - loss) * _exactly(least, rounds, loss) / probe.interval
    # So many targets must be beyond the limit at once.
    needed = targets - answers_needed(probe.quorum, targets) + 1
    together = _exactly(needed - 1, targets - 1, tail)
    return _Occurrence(targets * rate * together, _at_least(needed, targets, tail))


def _at_least(k: int, n: int, p: float) -> float:
    """The chance of k or more among n; terms that no longer matter are left out."""
    if k <= n * p:
        return 1 - _sum(range(k - 1, -1, -1), n, p)
    return _sum(range(k, n + 1), n, p)


def _sum(ks: range, n: int, p: float) -> float:
    total = 0.0
    for k in ks:
        term = _exactly(k, n, p)
        total += term
        if term <= total * 1e-17:
            break
    return min(1.0, total)


def _exactly(k: int, n: int, p: float) -> float:
    """The chance of k among n, each with the chance p (the binomial distribution)."""
    if n < 200 or not 0 < p < 1:
        return float(comb(n, k)) * p**k * (1 - p) ** (n - k)
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return exp(ways + k * log(p) + (n - k) * log1p(-p))
