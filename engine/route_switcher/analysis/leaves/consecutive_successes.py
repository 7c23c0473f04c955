"""What it means to ask for good rounds in a row."""

from dataclasses import dataclass

from route_switcher.analysis.leaves.mending import Mending, steps
from route_switcher.analysis.leaves.wording import of_probe
from route_switcher.analysis.monitoring import Fault
from route_switcher.core.vocabulary.conditions import ConsecutiveSuccesses
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.text.quantities import counted


@dataclass(frozen=True, slots=True)
class ConsecutiveSuccessesAnalysis:
    """`successes: N`."""

    leaf: ConsecutiveSuccesses

    def clause(self, policy: Policy) -> str:
        """As a sentence has it after `when`."""
        of = of_probe(self.leaf.probe, policy)
        if self.leaf.successes == 1:
            return f"a round{of} was good"
        return f"{counted(self.leaf.successes, 'round')}{of} in a row were good"

    def recovers(self, mending: Mending) -> float:
        """When the last of the rounds is in. Slow rounds were good all the time."""
        if mending.fault is Fault.SLOW:
            return 0.0
        probe = mending.monitoring.probe(self.leaf.probe)
        first = mending.first[probe.name]
        last_slow = max(first, mending.last(probe, mending.usable))
        slow = 1 + steps(last_slow - first, probe.down_interval)
        if self.leaf.successes <= slow:
            return first + (self.leaf.successes - 1) * probe.down_interval
        resumed = mending.next(probe, last_slow, later=True)
        return resumed + (self.leaf.successes - slow - 1) * probe.interval
