"""What it means to ask for a lost carrier."""

from dataclasses import dataclass
from math import inf

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.outage import Outage
from route_switcher.analysis.leaves.random_loss import NEVER, Occurrence, RandomLoss
from route_switcher.analysis.monitoring import Fault
from route_switcher.core.vocabulary.conditions import CarrierDown, FailLeaf
from route_switcher.core.vocabulary.policy import Policy


@dataclass(frozen=True, slots=True)
class CarrierDownAnalysis:
    """`carrier: down`."""

    leaf: CarrierDown

    def clause(self, policy: Policy) -> str:
        """As a sentence has it after `when`."""
        return "its interface has no carrier, is down, or is missing"

    def begins(self, outage: Outage) -> float:
        """At once, if the carrier is lost and counts."""
        seen = outage.fault is Fault.UNPLUGGED and not outage.monitoring.ignores_carrier
        return 0.0 if seen else inf

    def clears(self, mending: Mending) -> float:
        """At once."""
        return 0.0

    def chance(self, noise: RandomLoss) -> Occurrence:
        """Random loss does not touch the carrier."""
        return NEVER

    def precedes(self, other: FailLeaf) -> bool:
        """A shorter `for`."""
        return isinstance(other, CarrierDown) and self.leaf.for_seconds < other.for_seconds
