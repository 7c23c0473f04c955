"""How often a rule fails an uplink that works, where packets are lost at random.

Each request or its answer is lost with the same chance, each by itself. Real losses come in bursts,
so this is the least that must be expected of a noisy line; it says nothing of outages.
"""

from dataclasses import dataclass
from functools import cache
from math import ceil, expm1, inf, log1p

from route_switcher.analysis.leaves.random_loss import Occurrence, RandomLoss
from route_switcher.analysis.leaves.registry import fail_analysis
from route_switcher.analysis.monitoring import UplinkMonitoring
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition, leaves
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.text.durations import MONTH

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
    truth = _truth(RandomLoss(monitoring, family, loss), rule.fail)
    if truth.rate == 0:
        return FalseAlarms(0.0, 0.0)
    if truth.share >= 1:
        return FalseAlarms(inf, 1.0)
    until, back = 1 / truth.rate, time_to_recover(monitoring, rule, family, loss)
    # What does not come back in a month fails once.
    failures = max(MONTH / (until + back), -expm1(-MONTH / until))
    away = 1 / (1 + until / back)
    exact = not truth.bound and _goes_at_one_pace(monitoring, rule, away)
    return FalseAlarms(failures, away, not exact)


def _goes_at_one_pace(monitoring: UplinkMonitoring, rule: Rule, away: float) -> bool:
    """Whether nothing but the rounds of one probe count, and they go at one pace, or next to always
    at the normal one."""
    (probe, *others) = monitoring.concerned(rule)
    level = probe.interval == probe.fast_interval == probe.down_interval
    plain = rule.recover.condition is None and not others
    return plain and (level or away < _SELDOM)


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
    noise = RandomLoss(monitoring, family, loss)
    fails = {p: noise.round_fails(p) for p in probes}
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


def _truth(noise: RandomLoss, condition: Condition) -> Occurrence:
    match condition:
        case AnyOf():
            parts = [_truth(noise, part) for part in condition.conditions]
            return Occurrence(sum(p.rate for p in parts), min(1.0, sum(p.share for p in parts)))
        case AllOf():
            return _all(noise, condition)
        case leaf:
            return fail_analysis(leaf).chance(noise)


def _all(noise: RandomLoss, condition: AllOf) -> Occurrence:
    parts = [_truth(noise, part) for part in condition.conditions]
    named = [
        [leaf.probe for leaf in leaves(part) if leaf.probe is not None]
        for part in condition.conditions
    ]
    apart = sum(len(set(names)) for names in named) == len({n for names in named for n in names})
    if not apart:
        return Occurrence(min(p.rate for p in parts), min(p.share for p in parts))
    share, rate = 1.0, 0.0
    for part in parts:
        rate = rate * part.share + part.rate * share
        share *= part.share
    return Occurrence(rate, share)
