"""Policies for the lab, with times so short that a test need not wait."""

from collections.abc import Mapping, Sequence

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import LabUplink
from route_switcher.lab.topology import Lab

FAILURES = 8
"""After so many failed rounds in a row an uplink has failed: 0.4 seconds. Three in a row are lost
now and then where the machine is busy."""

PATIENT = 400
"""So many failed rounds in a row no busy machine has: twenty seconds. Nor is its kernel so late to
tell of a lost carrier."""

DUAL_STACK = (Family.IPV4, Family.IPV6)


def name_of(uplink: LabUplink, family: Family) -> str:
    """What the policy calls an uplink of the lab: one name for each family."""
    return uplink.name if family is Family.IPV4 else f"{uplink.name}-v6"


def policy_text(
    lab: Lab,
    families: Sequence[Family] = (Family.IPV4,),
    *,
    order: Sequence[int] | None = None,
    metrics: Sequence[int] = (10, 20, 30),
    stable: str = "300ms",
    failures: int = FAILURES,
) -> str:
    """A policy of the lab's uplinks in this `order` of preference, at the `metrics` in turn."""
    lines = ["version: 1", "uplinks:"]
    ordered = [lab.uplinks[number] for number in order or range(len(lab.uplinks))]
    for family in families:
        for uplink, metric in zip(ordered, metrics, strict=False):
            keys = f"interface: {uplink.interface}, gateway: '{uplink.gateway_of(family)}'"
            lines.append(f"  {name_of(uplink, family)}: {{{keys}, metric: {metric}}}")
    return "\n".join(lines) + "\n" + _checks(lab, families, stable, failures)


def learning_policy_text(
    lab: Lab, uplinks: Mapping[str, str], families: Sequence[Family] = (Family.IPV4,)
) -> str:
    """A policy whose uplinks have these keys, apart from their metrics: 10, 20 and so on."""
    lines = ["version: 1", "uplinks:"]
    for metric, (name, keys) in enumerate(uplinks.items(), 1):
        lines.append(f"  {name}: {{{keys}, metric: {10 * metric}}}")
    return "\n".join(lines) + "\n" + _checks(lab, families, "300ms", FAILURES)


def _checks(lab: Lab, families: Sequence[Family], stable: str, failures: int) -> str:
    targets = ", ".join(f"'{target}'" for f in families for target in lab.targets(f)[:2])
    lines = [
        "probes:",
        f"  internet: {{type: icmp, targets: [{targets}], interval: 50ms, timeout: 50ms}}",
        "rules:",
        f"  - {{name: no-internet, fail: {{failures: {failures}}}, recover: {{stable: {stable}}}}}",
        f"  - {{name: unplugged, fail: {{carrier: down}}, recover: {{stable: {stable}}}}}",
    ]
    return "\n".join(lines) + "\n"
