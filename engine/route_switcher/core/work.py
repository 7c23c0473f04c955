"""What the rounds through one uplink depend on: a reload that changes none of it lets them be."""

from dataclasses import dataclass, replace

from route_switcher.core.conditions import Beyond, Within, leaves
from route_switcher.core.model import Family, Policy, Probe, Rule, Uplink
from route_switcher.core.pace import failures_that_count


@dataclass(frozen=True, slots=True)
class Asking:
    """What the rounds of one probe depend on."""

    probe: Probe
    """With nothing that concerns other uplinks only."""
    confirmed: int
    """After how many failed rounds in a row nothing is left to confirm."""
    measured: bool
    """Whether a rule looks at a window of its answers."""


@dataclass(frozen=True, slots=True)
class Work:
    """All rounds through one uplink."""

    uplink: str
    interface: str
    family: Family
    askings: tuple[Asking, ...]


def work_of(uplink: Uplink, policy: Policy) -> Work:
    """What the rounds through `uplink` depend on."""
    rules = policy.rules_for(uplink.name)
    askings = tuple(
        Asking(
            replace(probe, targets=probe.targets_for(uplink.family), uplinks=None),
            failures_that_count(probe, rules),
            any(_looks_at_windows(rule, probe.name) for rule in rules),
        )
        for probe in policy.probes_through(uplink.name)
    )
    return Work(uplink.name, uplink.interface, uplink.family, askings)


def _looks_at_windows(rule: Rule, probe: str) -> bool:
    """Whether a condition of the rule is about a window of this probe's answers."""
    return any(
        isinstance(leaf, Beyond | Within) and leaf.probe == probe
        for condition in (rule.fail, rule.recover.condition)
        if condition is not None
        for leaf in leaves(condition)
    )
