"""What is known of the ways of probes and traffic, of all families."""

from math import inf

from route_switcher.core.vocabulary.events import Round, Ways
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.ways.named_addresses import NamedAddresses
from route_switcher.core.ways.probe_ways import ProbeWays
from route_switcher.core.ways.situation import Situation
from route_switcher.core.ways.traffic_ways import TrafficWays


class KnownWays:
    """Takes the kernel's answers and remembers what they said. Without answers, nothing is said."""

    def __init__(self) -> None:
        self._probes = ProbeWays()
        self.names = NamedAddresses()
        """What rounds told of targets by name."""
        self._traffic = {family: TrafficWays(family) for family in Family}

    def see(self, event: Ways, situation: Situation) -> list[Output]:
        """Take answers; what follows, and what a person should know."""
        outputs = self._probes.see(event.at, situation, event.findings)
        for traffic in self._traffic.values():
            outputs += traffic.see(event.at, situation, event.findings)
        return outputs

    def judge(self, event: Round) -> Round:
        """A round in the light of the ways of its targets."""
        return self._probes.judge(event)

    def on_decision(self, family: Family) -> None:
        """Another uplink of `family` was selected."""
        self._traffic[family].on_decision()

    def astray(self, family: Family) -> str:
        """Where the traffic goes instead of the selected uplink, in words; empty: it goes there, as
        far as is known."""
        return self._traffic[family].astray

    def on_time(self, at: float) -> list[Output]:
        """What is told once more."""
        return [output for its in self._traffic.values() for output in its.on_time(at)]

    def deadline(self) -> float:
        """When to call `on_time`; inf: never."""
        return min((its.remind_at for its in self._traffic.values()), default=inf)
