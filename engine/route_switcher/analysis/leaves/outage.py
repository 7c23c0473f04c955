"""When rounds are sent while a fault lasts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from route_switcher.analysis.monitoring import Fault, UplinkMonitoring
from route_switcher.core.probing.pace import interval_at
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import Speed

HALF = 0.5
"""The share of a window that a typical slowness takes to be beyond its limit: it is twice that,
and before and after it there is next to nothing. At the worst it is just above the limit, and must
fill the window."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One fault, at a certain instant as against the rounds, which go at `speed`."""

    monitoring: UplinkMonitoring
    confirming: Mapping[str, int]
    """By the name of the probe: after how many failed rounds in a row the fast ones end."""
    fault: Fault
    speed: Speed
    since_good: Mapping[str, float]
    """By the name of the probe: how long before the fault the last good round was sent."""
    share: float
    """The share of a window that must be slow before it counts."""

    def first_sending(self, probe: Probe, enough: float, *, at_least: bool) -> float:
        """The first sending that comes later than `enough`, or as late if `at_least`: seconds from
        that of the last good round."""
        interval = interval_at(probe, self.speed)
        confirming = self.confirming[probe.name] if self.fault is not Fault.SLOW else 0
        at = 0.0
        for number, at in enumerate(sendings(probe, self.speed, confirming), 1):
            if at > enough or (at_least and at == enough):
                return at
            if number >= confirming:
                break
        # All that follow come at one pace; whole microseconds, as the core counts them.
        missing, step = round((enough - at) * 1e6), round(interval * 1e6)
        rounds = -(-missing // step) if at_least else missing // step + 1
        return at + rounds * interval


def sendings(probe: Probe, speed: Speed, confirming: int) -> Iterator[float]:
    """Seconds from the sending of the last good round to those of the failed ones after it."""
    at, count = 0.0, 0
    while True:
        at += probe.fast_interval if 0 < count < confirming else interval_at(probe, speed)
        count += 1
        yield at
