"""What it means to ask for a carrier."""

from dataclasses import dataclass

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.core.vocabulary.conditions import CarrierUp
from route_switcher.core.vocabulary.policy import Policy


@dataclass(frozen=True, slots=True)
class CarrierUpAnalysis:
    """`carrier: up`."""

    leaf: CarrierUp

    def clause(self, policy: Policy) -> str:
        """As a sentence has it after `when`."""
        return "its interface is up and has a carrier"

    def recovers(self, mending: Mending) -> float:
        """At once."""
        return 0.0
