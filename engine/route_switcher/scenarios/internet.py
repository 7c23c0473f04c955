"""The internet as a scenario has it: every target answers as its series says."""

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.scenarios.scenario import Scenario
from route_switcher.scenarios.series import Cursor, Outcome
from route_switcher.virtual.internet import Fate

RTT = 0.02
"""Seconds that a good answer takes; half of the timeout where that is shorter."""


class WrittenInternet:
    """Answers as the series of a scenario say."""

    def __init__(self, scenario: Scenario, policy: Policy) -> None:
        self._parts = {(r.uplink, r.probe or r.target): r.parts for r in scenario.rounds}
        self._cursors: dict[tuple[UplinkId, str, Target], Cursor | None] = {}
        self._rtts: dict[str, float] = {}
        self.apply_policy(policy)

    def apply_policy(self, policy: Policy) -> None:
        """Take a policy's timeouts."""
        for probe in policy.probes:
            # An uplink may override the timeout of a probe.
            others = [each.timeout for each in policy.probes if each.name == probe.name]
            self._rtts[probe.name] = min(RTT, min(others) / 2)

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        """See `internet.Internet`."""
        key = (uplink, probe, target)
        if key not in self._cursors:
            name = uplink.name
            # What is said of the target alone counts first, then of the probe, then of the uplink.
            said = (self._parts.get((name, which)) for which in (target, probe, None))
            parts = next(filter(None, said), None)
            self._cursors[key] = Cursor(parts) if parts else None
        cursor = self._cursors[key]
        if cursor is None:
            return self._rtts[probe]
        stretch = cursor.next(round(sent_at * 1e6) * 1000)
        match stretch.outcome:
            case Outcome.GOOD:
                return self._rtts[probe]
            case Outcome.AT:
                return stretch.rtt
            case Outcome.LOST:
                return None
            case Outcome.UNKNOWN:
                return "the scenario leaves it unknown"
