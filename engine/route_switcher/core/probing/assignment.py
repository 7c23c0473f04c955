"""What the rounds through one uplink depend on: a reload that changes none of it lets them be."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import Probe, answers_needed
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """What the rounds of one probe depend on."""

    probe: Probe = field(compare=False)
    """With nothing that concerns other uplinks only."""
    meaning: Probe
    """What counts of it when it is compared."""
    confirmed: int
    """After how many failed rounds in a row nothing is left to confirm."""
    measured: bool
    """Whether a rule looks at a window of its answers."""


@dataclass(frozen=True, slots=True)
class UplinkProbing:
    """All rounds through one uplink."""

    uplink: UplinkId
    interface: str
    askings: tuple[ProbeSpec, ...]


def probing_of(uplink: Uplink, policy: Policy) -> UplinkProbing:
    """What the rounds through `uplink` depend on."""
    rules = policy.rules_for(uplink.name)
    probes = sorted(policy.probes_through(uplink.name), key=lambda probe: probe.name)
    askings = tuple(
        ProbeSpec(
            replace(probe, targets=probe.targets_for(uplink.family), uplinks=None),
            meaning(probe, uplink.family),
            failures_that_count(probe, rules),
            any(_looks_at_windows(rule, probe.name) for rule in rules),
        )
        for probe in probes
    )
    return UplinkProbing(uplink.id, uplink.interface, askings)


def meaning(probe: Probe, family: Family) -> Probe:
    """A probe as it concerns one uplink of `family`: those that ask the same are equal.

    The other uplinks that it goes through are left out, and so are targets of the other family; the
    order of targets means nothing, and a quorum is a number.
    """
    targets = probe.targets_for(family)
    return replace(
        probe,
        targets=tuple(sorted(targets, key=str)),
        quorum=answers_needed(probe.quorum, len(targets)),
        uplinks=None,
    )


def meanings(probes: Iterable[Probe], family: Family) -> frozenset[Probe]:
    """The meanings of several probes, whose order means nothing."""
    return frozenset(meaning(probe, family) for probe in probes)


def concerned(rule: Rule, probes: Iterable[Probe]) -> tuple[Probe, ...]:
    """The probes whose rounds concern a rule: one that names none takes every probe's."""
    named = rule.probes
    return tuple(p for p in probes if not named or p.name in named)


def _looks_at_windows(rule: Rule, probe: str) -> bool:
    """Whether a condition of the rule is about a window of this probe's answers."""
    return any(leaf.window is not None and leaf.probe == probe for leaf in rule.leaves)
