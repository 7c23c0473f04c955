"""Uplinks that stand in the file and are switched off: `enabled: false`.

They are checked like all others, and keep their place: the metrics of the others do not change. The
policy that is made of the file has neither them, nor what is about them alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.policy.findings import Findings

KEY = "enabled"
_SECTION = "uplinks"


def switched_off(findings: Findings, names: Collection[str]) -> frozenset[str]:
    """The names of the uplinks that are switched off; reports if that are all."""
    off = frozenset(n for n in names if findings.get((_SECTION, n, KEY)) is False)
    if names and len(off) == len(names):
        findings.report(
            "all-switched-off",
            (_SECTION,),
            "every uplink is switched off",
            f"remove '{KEY}: false' from one of them",
            on_key=True,
        )
    return off


def uplinks_that_are_on(uplinks: Sequence[Uplink], off: Collection[str]) -> tuple[Uplink, ...]:
    """Those that are not `off`."""
    return tuple(uplink for uplink in uplinks if uplink.name not in off)


def probes_that_are_on(
    probes: Sequence[Probe], uplinks: Sequence[Uplink], off: Collection[str]
) -> tuple[Probe, ...]:
    """The probes that go through any of these `uplinks`, none of which is `off`; with the targets
    that these can ask."""
    found = []
    for probe in probes:
        families = {uplink.family for uplink in uplinks if probe.goes_through(uplink.name)}
        targets = tuple(t for t in probe.targets if any(map(t.is_asked_in, families)))
        if families:
            through = _left(probe.uplinks, off)
            found.append(replace(probe, targets=targets, uplinks=through))
    return tuple(found)


def rules_that_are_on(
    rules: Sequence[Rule], probes: Sequence[Probe], off: Collection[str]
) -> tuple[Rule, ...]:
    """The rules that judge an uplink which is not `off`."""
    names = {probe.name for probe in probes}
    left = (replace(rule, uplinks=_left(rule.uplinks, off)) for rule in rules)
    return tuple(rule for rule in left if rule.uplinks != () and rule.probes <= names)


def _left(names: tuple[str, ...] | None, off: Collection[str]) -> tuple[str, ...] | None:
    return None if names is None else tuple(name for name in names if name not in off)
