"""The policy under which faults come: short times, so that a row takes seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

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
    altnames: bool = False
    """The policy calls the interfaces by `altname`."""


def altname(uplink: LabUplink) -> str:
    """Another name of its interface."""
    return f"wan-{uplink.interface}"


def _called(uplink: LabUplink, settings: Settings) -> str:
    return altname(uplink) if settings.altnames else uplink.interface


def policy_text(
    lab: Lab, settings: Settings, gateways: Mapping[str, IPv4Address] | None = None
) -> str:
    """A policy of the lab's uplinks; `gateways` are those of renumbered ones, by name."""
    at = {uplink.name: uplink.gateway for uplink in lab.uplinks} | dict(gateways or {})
    targets = ", ".join(map(str, lab.targets_v4[: settings.targets]))
    recover = f"recover: {{stable: {settings.stable}}}"
    times = f"interval: {settings.interval}, timeout: {settings.interval}"
    lines = [
        "version: 1",
        f"ignore_linkdown: {str(settings.ignore_linkdown).lower()}",
        "uplinks:",
        *(
            f"  {u.name}: {{interface: {_called(u, settings)}, gateway: {at[u.name]},"
            f" metric: {u.metric}{', carrier: ignore' if settings.ignore_carrier else ''}}}"
            for u in lab.uplinks
        ),
        f"probes: {{internet: {{type: icmp, targets: [{targets}], {times}}}}}",
        "rules:",
        f"  - {{name: no-internet, probe: internet, fail: {{failures: 3}}, {recover}}}",
    ]
    if settings.carrier_rule:
        lines.append(f"  - {{name: unplugged, fail: {{carrier: down}}, {recover}}}")
    return "\n".join(lines) + "\n"
