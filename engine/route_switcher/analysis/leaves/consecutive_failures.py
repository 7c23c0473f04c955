"""What it means to ask for failed rounds in a row."""

from dataclasses import dataclass
from math import inf

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.outage import Outage
from route_switcher.analysis.leaves.random_loss import Occurrence, RandomLoss
from route_switcher.analysis.leaves.wording import of_probe
from route_switcher.analysis.monitoring import Fault
from route_switcher.core.probing.pace import interval_at
from route_switcher.core.vocabulary.conditions import ConsecutiveFailures, FailLeaf
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.text.quantities import counted


@dataclass(frozen=True, slots=True)
class ConsecutiveFailuresAnalysis:
    """`failures: N`."""

    leaf: ConsecutiveFailures

    def clause(self, policy: Policy) -> str:
        """As a sentence has it after `when`."""
        of = of_probe(self.leaf.probe, policy)
        if self.leaf.failures == 1:
            return f"a round{of} has failed"
        return f"{counted(self.leaf.failures, 'round')}{of} in a row have failed"

    def begins(self, outage: Outage) -> float:
        """When the last of the rounds has timed out. What is slow answers in time."""
        if outage.fault is Fault.SLOW:
            return inf
        probe = outage.monitoring.probe(self.leaf.probe)
        confirming = outage.confirming[probe.name]
        fast = max(0, min(self.leaf.failures, confirming) - 1)
        normal = self.leaf.failures - fast
        last = normal * interval_at(probe, outage.speed) + fast * probe.fast_interval
        return last + probe.timeout - outage.since_good[probe.name]

    def clears(self, mending: Mending) -> float:
        """With the first good round."""
        return 0.0 if mending.fault is Fault.SLOW else mending.first[self.leaf.probe]

    def chance(self, noise: RandomLoss) -> Occurrence:
        """How often so many rounds in a row are lost; exact."""
        leaf, probe = self.leaf, noise.monitoring.probe(self.leaf.probe)
        fails = noise.round_fails(probe)
        # `for` begins when the last of the failures is told, and ends at the next good round.
        more = (
            int(max(0.0, leaf.for_seconds + probe.timeout - 1e-9) // probe.interval)
            if leaf.for_seconds
            else 0
        )
        run = leaf.failures + more
        if fails >= 1:
            return Occurrence(1 / (run * probe.interval), 1.0)
        chance = fails**run
        rate = (1 - fails) * chance / (1 - chance) / noise.mean_interval(probe)
        return Occurrence(rate, chance, bound=False)

    def precedes(self, other: FailLeaf) -> bool:
        """Fewer failures, or a shorter `for`, and neither of them more."""
        if not isinstance(other, ConsecutiveFailures):
            return False
        mine = self.leaf.failures, self.leaf.for_seconds
        theirs = other.failures, other.for_seconds
        return mine < theirs and self.leaf.for_seconds <= other.for_seconds
