"""What it means to ask for an absent next hop."""

from dataclasses import dataclass
from math import inf

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.outage import Outage
from route_switcher.analysis.leaves.random_loss import NEVER, Occurrence, RandomLoss
from route_switcher.core.vocabulary.conditions import FailLeaf, NextHopAbsent
from route_switcher.core.vocabulary.policy import Policy


@dataclass(frozen=True, slots=True)
class NextHopAbsentAnalysis:
    """The rule about the next hop. None of the faults that figures are about takes it away."""

    leaf: NextHopAbsent

    def clause(self, policy: Policy) -> str:
        """As a sentence has it after `when`."""
        return "it has no next hop or no address"

    def begins(self, outage: Outage) -> float:
        """Never: the next hop stays."""
        return inf

    def clears(self, mending: Mending) -> float:
        """At once."""
        return 0.0

    def chance(self, noise: RandomLoss) -> Occurrence:
        """Random loss does not touch the next hop."""
        return NEVER

    def precedes(self, other: FailLeaf) -> bool:
        """A shorter `for`."""
        return isinstance(other, NextHopAbsent) and self.leaf.for_seconds < other.for_seconds
