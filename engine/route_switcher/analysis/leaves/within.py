"""What it means to ask for a window within its limit."""

from dataclasses import dataclass

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.random_loss import at_least
from route_switcher.analysis.leaves.windows import empties
from route_switcher.analysis.leaves.wording import measured
from route_switcher.core.vocabulary.conditions import Within
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Probe, answers_needed
from route_switcher.core.vocabulary.uplinks import Family


@dataclass(frozen=True, slots=True)
class WithinAnalysis:
    """`loss`, `latency` or `jitter` below `recover`."""

    leaf: Within

    def clause(self, policy: Policy) -> str:
        """As a sentence has it after `when`."""
        return measured(self.leaf, policy, "at most", "all")

    def recovers(self, mending: Mending) -> float:
        """When enough of the fault has left the window."""
        return empties(mending, self.leaf, in_failed=False)

    def share_within(self, probe: Probe, family: Family, loss: float) -> float:
        """The share of the time in which a limit of loss is kept, where packets are lost at
        random with the chance `loss`."""
        rounds = max(1, round(self.leaf.over / probe.interval))
        most = int(self.leaf.limit * rounds * (1 + 1e-12))
        kept = 1 - at_least(most + 1, rounds, loss)
        targets = len(probe.targets_for(family))
        return at_least(answers_needed(probe.quorum, targets), targets, kept)
