"""Packets that are lost at random, each by itself: what becomes of rounds, and how often."""

from dataclasses import dataclass
from math import comb, exp, lgamma, log, log1p

from route_switcher.analysis.monitoring import UplinkMonitoring
from route_switcher.core.vocabulary.probes import Probe, answers_needed
from route_switcher.core.vocabulary.uplinks import Family


@dataclass(frozen=True, slots=True)
class Occurrence:
    """How a condition comes and goes at random."""

    rate: float
    """How often a second it becomes true."""
    share: float
    """The share of the time in which it is true."""
    bound: bool = True
    """Whether both are what they are at most; else they are exact."""


NEVER = Occurrence(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class RandomLoss:
    """The chance `loss` of each packet to be lost through an uplink of `family`."""

    monitoring: UplinkMonitoring
    family: Family
    loss: float

    def round_fails(self, probe: Probe) -> float:
        """The chance of a round to fail: more of its targets are silent than the quorum
        forgives."""
        targets = len(probe.targets_for(self.family))
        forgiven = targets - answers_needed(probe.quorum, targets)
        return at_least(forgiven + 1, targets, self.loss)

    def mean_interval(self, probe: Probe) -> float:
        """Seconds from a round to the next: fast ones follow the failed ones that are confirmed."""
        fails = self.round_fails(probe)
        confirming = sum(
            (1 - fails) * fails**failures
            for failures in range(1, self.monitoring.confirming(probe))
        )
        return confirming * probe.fast_interval + (1 - confirming) * probe.interval


def at_least(k: int, n: int, p: float) -> float:
    """The chance of k or more among n; terms that no longer matter are left out."""
    if k <= n * p:
        return 1 - _sum(range(k - 1, -1, -1), n, p)
    return _sum(range(k, n + 1), n, p)


def _sum(ks: range, n: int, p: float) -> float:
    total = 0.0
    for k in ks:
        term = exactly(k, n, p)
        total += term
        if term <= total * 1e-17:
            break
    return min(1.0, total)


def exactly(k: int, n: int, p: float) -> float:
    """The chance of k among n, each with the chance p (the binomial distribution)."""
    if n < 200 or not 0 < p < 1:
        return float(comb(n, k)) * p**k * (1 - p) ** (n - k)
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return exp(ways + k * log(p) + (n - k) * log1p(-p))
