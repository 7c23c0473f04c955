"""How an uplink is watched: the probes that go through it and the rules that judge it.

What the figures say of times follows from that alone, so uplinks that are watched alike are
computed once.
"""

from dataclasses import dataclass
from enum import Enum

from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import Probe


class Fault(Enum):
    """What befalls an uplink, all at once, until it is mended."""

    SILENT = "a silent outage"
    """Nothing answers any more; the carrier stays."""
    UNPLUGGED = "a lost carrier"
    """The carrier goes, and nothing answers any more."""
    SLOW = "slowness"
    """Everything answers in time, but above the limits on latency and jitter."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds until something is known."""

    typical: float
    """The mean over all instants at which it may begin, as against the rounds."""
    worst: float
    bound: bool = False
    """Whether the mean is not known: `typical` is then what it is at most."""


@dataclass(frozen=True, slots=True)
class UplinkMonitoring:
    """The probes through an uplink and the rules that judge it, in the file's order."""

    probes: tuple[Probe, ...]
    rules: tuple[Rule, ...]
    ignores_carrier: bool = False
    """Whether the loss of its carrier alone does not count as that of its link."""

    def probe(self, name: str) -> Probe:
        """The probe of this name."""
        return next(p for p in self.probes if p.name == name)

    def concerned(self, rule: Rule) -> tuple[Probe, ...]:
        """The probes whose rounds concern a rule: one that names none takes every probe's."""
        named = rule.probes
        return tuple(p for p in self.probes if p.name in named) if named else self.probes

    def confirming(self, probe: Probe) -> int:
        """After how many failed rounds in a row the fast ones end."""
        return failures_that_count(probe, self.rules)


def monitoring_of(policy: Policy, uplink: str) -> UplinkMonitoring:
    """How an uplink is watched."""
    ignoring = {u.name for u in policy.uplinks if u.ignore_carrier}
    return UplinkMonitoring(
        policy.probes_through(uplink), policy.rules_for(uplink), uplink in ignoring
    )
