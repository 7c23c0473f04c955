"""What it means to ask for a window beyond its limit."""

from dataclasses import dataclass
from math import inf

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.outage import HALF, Outage
from route_switcher.analysis.leaves.random_loss import (
    NEVER,
    Occurrence,
    RandomLoss,
    at_least,
    exactly,
)
from route_switcher.analysis.leaves.windows import empties
from route_switcher.analysis.leaves.wording import measured
from route_switcher.analysis.monitoring import Fault
from route_switcher.core.probing.pace import interval_at
from route_switcher.core.vocabulary.conditions import Beyond, FailLeaf, Measure
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Probe, answers_needed
from route_switcher.core.vocabulary.uplinks import Family


@dataclass(frozen=True, slots=True)
class BeyondAnalysis:
    """`loss`, `latency` or `jitter` below `fail`."""

    leaf: Beyond

    def clause(self, policy: Policy) -> str:
        """As a sentence has it after `when`."""
        return measured(self.leaf, policy, "more than", "any")

    def begins(self, outage: Outage) -> float:
        """When enough of the window is lost, or slow."""
        leaf, probe = self.leaf, outage.monitoring.probe(self.leaf.probe)
        lost = leaf.measure is Measure.LOSS
        if (outage.fault is Fault.SLOW) is lost or not self.possible(probe):
            return inf
        share = leaf.limit if lost else outage.share
        at = outage.first_sending(probe, share * leaf.over, at_least=not lost)
        if not lost and _tells_late(probe):
            at += interval_at(probe, outage.speed)
        typical = not lost and share == HALF
        told = min(leaf.limit / HALF, probe.timeout) if typical else probe.timeout
        return at + told - outage.since_good[probe.name]

    def possible(self, probe: Probe) -> bool:
        """Whether the limit can be exceeded: more than all cannot be lost, and an answer that comes
        after the timeout is lost."""
        return self.leaf.limit < (1.0 if self.leaf.measure is Measure.LOSS else probe.timeout)

    def clears(self, mending: Mending) -> float:
        """When the window is no longer beyond the limit."""
        return empties(mending, self.leaf, in_failed=True)

    def chance(self, noise: RandomLoss) -> Occurrence:
        """How often so much of a window is lost. Random loss makes nothing slow."""
        if self.leaf.measure is not Measure.LOSS:
            return NEVER
        leaf, probe = self.leaf, noise.monitoring.probe(self.leaf.probe)
        targets = len(probe.targets_for(noise.family))
        rounds = max(1, round(leaf.over / probe.interval))
        least = int(leaf.limit * rounds * (1 + 1e-12)) + 1
        if least > rounds or noise.loss <= 0:
            return NEVER
        if noise.loss >= least / rounds:
            return Occurrence(1 / leaf.over, 1.0)  # Beyond the limit once the window is full.
        tail = at_least(least, rounds, noise.loss)
        once = exactly(least, rounds, noise.loss)
        rate = least / rounds * (1 - noise.loss) * once / probe.interval
        # So many targets must be beyond the limit at once.
        needed = targets - answers_needed(probe.quorum, targets) + 1
        together = exactly(needed - 1, targets - 1, tail)
        return Occurrence(targets * rate * together, at_least(needed, targets, tail))

    def precedes(self, other: FailLeaf) -> bool:
        """A lower limit, or a shorter `for`, and neither of them more, over the same window."""
        if not isinstance(other, Beyond):
            return False
        leaf = self.leaf
        same = (leaf.measure, leaf.over) == (other.measure, other.over)
        sooner = (leaf.limit, leaf.for_seconds) < (other.limit, other.for_seconds)
        return same and sooner and leaf.for_seconds <= other.for_seconds


def _tells_late(probe: Probe) -> bool:
    """Whether a round may end before its slowest target answers, which then counts in the next."""
    counts = [len(probe.targets_for(family)) for family in Family]
    return any(answers_needed(probe.quorum, count) < count for count in counts if count)
