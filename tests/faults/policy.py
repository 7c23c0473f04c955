"""The policy under which faults come: short times, so that a row takes seconds."""

from collections.abc import Mapping
from dataclasses import dataclass

from route_switcher.core.vocabulary.policy import Address, Family
from route_switcher.lab.addresses import LabUplink
from route_switcher.lab.topology import Lab


@dataclass(frozen=True, slots=True)
class Settings:
    """What rows differ in. A round's timeout is its interval."""

    interval: str = "100ms"
    stable: str = "1s"
    targets: int = 3
    """One answer of so many makes a round good."""
    ignore_linkdown: bool = False
    carrier_rule: bool = True
    ignore_carrier: bool = False
    uplinks: int = 2
    names: tuple[str, ...] = ("primary", "secondary", "tertiary")
    families: tuple[Family, ...] = (Family.IPV4,)
    """Each line is an uplink of each; packets are counted, and routes judged, of the first."""
    altnames: bool = False
    """The policy calls the interfaces by `altname`."""


def altname(uplink: LabUplink) -> str:
    """Another name of its interface."""
    return f"wan-{uplink.interface}"


def _called(uplink: LabUplink, settings: Settings) -> str:
    return altname(uplink) if settings.altnames else uplink.interface


def names(settings: Settings, family: Family) -> tuple[str, ...]:
    """What the policy calls the uplinks of this family."""
    suffix = "" if family is settings.families[0] else f"-v{family.value}"
    return tuple(f"{name}{suffix}" for name in settings.names[: settings.uplinks])


def policy_text(lab: Lab, settings: Settings, gateways: Mapping[str, Address] | None = None) -> str:
    """A policy of the lab's uplinks; `gateways` are those of renumbered ones, by name."""
    at = gateways or {}
    families, count = settings.families, settings.targets
    targets = ", ".join(f"'{target}'" for f in families for target in lab.targets(f)[:count])
    recover = f"recover: {{stable: {settings.stable}}}"
    times = f"interval: {settings.interval}, timeout: {settings.interval}"
    lines = [
        "version: 1",
        f"ignore_linkdown: {str(settings.ignore_linkdown).lower()}",
        "uplinks:",
        *(
            f"  {name}: {{interface: {_called(u, settings)},"
            f" gateway: '{at.get(name, u.gateway_of(family))}',"
            f" metric: {u.metric}{', carrier: ignore' if settings.ignore_carrier else ''}}}"
            for family in families
            for name, u in zip(names(settings, family), lab.uplinks, strict=True)
        ),
        f"probes: {{internet: {{type: icmp, targets: [{targets}], {times}}}}}",
        "rules:",
        f"  - {{name: no-internet, probe: internet, fail: {{failures: 3}}, {recover}}}",
    ]
    if settings.carrier_rule:
        lines.append(f"  - {{name: unplugged, fail: {{carrier: down}}, {recover}}}")
    return "\n".join(lines) + "\n"
