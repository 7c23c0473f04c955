"""When rounds are sent after a fault has been mended."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from route_switcher.analysis.monitoring import Fault, UplinkMonitoring
from route_switcher.core.vocabulary.probes import Probe


@dataclass(frozen=True, slots=True)
class Mending:
    """One mending at 0. Times are seconds after it."""

    monitoring: UplinkMonitoring
    fault: Fault
    first: Mapping[str, float]
    """By the name of the probe: when its first good round is sent and answered."""
    typical: bool
    """Whether the typical time is asked for; else the worst one."""
    usable: float = 0.0
    """When the uplink is no longer failed: from then on rounds go at the normal interval."""

    def next_down(self, probe: Probe, at: float) -> float:
        """The first good round of a probe at `at` or later, while the uplink is failed."""
        first = self.first[probe.name]
        return first + max(0, steps(at - first, probe.down_interval)) * probe.down_interval

    def last(self, probe: Probe, at: float) -> float:
        """The last good round at `at` or before, while the uplink is failed."""
        following = self.next_down(probe, at)
        return following if following <= at else max(0.0, following - probe.down_interval)

    def next(self, probe: Probe, at: float, *, later: bool = False) -> float:
        """The first good round of a probe at `at` or later (or not at `at` itself)."""
        nudge = 1e-6 if later else 0.0
        last_slow = self.last(probe, self.usable)
        if last_slow < self.first[probe.name]:
            last_slow = self.first[probe.name] - probe.down_interval
        if at + nudge <= last_slow:
            return self.next_down(probe, at + nudge)
        resumed = max(self.usable, last_slow + probe.interval)
        return resumed + max(0, steps(at + nudge - resumed, probe.interval)) * probe.interval


def steps(span: float, step: float) -> int:
    """How many steps cover a span, to the microsecond."""
    return ceil(round(span * 1e6) / round(step * 1e6))
