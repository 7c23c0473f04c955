"""What the analysis asks of a leaf of a condition. Its `for` is added by those who ask."""

from typing import Protocol

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.outage import Outage
from route_switcher.analysis.leaves.random_loss import Occurrence, RandomLoss
from route_switcher.core.vocabulary.conditions import FailLeaf
from route_switcher.core.vocabulary.policy import Policy


class LeafAnalysis(Protocol):
    """What every leaf can say of itself."""

    def clause(self, policy: Policy) -> str:
        """The leaf as a sentence has it after `when`."""
        ...


class FailAnalysis(LeafAnalysis, Protocol):
    """What a leaf of a fail condition means."""

    def begins(self, outage: Outage) -> float:
        """Seconds after the beginning of the fault until it holds; inf: it does not."""
        ...

    def clears(self, mending: Mending) -> float:
        """Seconds after the mending until it does not hold any more."""
        ...

    def chance(self, noise: RandomLoss) -> Occurrence:
        """How it comes and goes where packets are lost at random."""
        ...

    def precedes(self, other: FailLeaf) -> bool:
        """Whether it holds sooner than `other` in every fault, and as long."""
        ...


class RecoverAnalysis(LeafAnalysis, Protocol):
    """What a leaf of a recover condition means."""

    def recovers(self, mending: Mending) -> float:
        """Seconds after the mending until it holds."""
        ...
