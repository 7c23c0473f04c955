"""The policy under which faults come: short times, so that a row takes seconds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from faults.lines import Lines
from route_switcher.core.vocabulary.policy import MAIN_TABLE, OWN_TABLE
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.lab.topology import Lab
from support.tables import Key


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
    own_table: bool = False
    """Our routes stand in a table of our own, though every gateway is written."""
    lines: Lines | None = None
    """Lines whose gateways the policy does not write; None: it writes those of the lab."""

    refuse: bool = False
    """`when_all_down: unreachable`, in a table of our own."""

    other: str = ""
    """The keys of a second probe, its times as well, in flow style; empty: there is none."""

    both: bool = False
    """It takes failures of both probes to fail an uplink; else each has a rule of its own."""

    hooks: tuple[str, ...] = ()
    """The lines of the section `hooks`."""

    metrics: str = ""
    """Where metrics are given; empty: nowhere."""

    @property
    def table(self) -> int:
        """Where the traffic's routes stand."""
        return OWN_TABLE if self.lines or self.own_table or self.refuse else MAIN_TABLE


def altname(interface: str) -> str:
    """Another name of it."""
    return f"wan-{interface}"


def names(settings: Settings, family: Family) -> tuple[str, ...]:
    """What the policy calls the uplinks of this family."""
    one_name = settings.lines or family is settings.families[0]
    suffix = "" if one_name else f"-v{family.value}"
    return tuple(f"{name}{suffix}" for name in settings.names[: settings.uplinks])


def preferred(lab: Lab, settings: Settings) -> set[Key]:
    """Our routes of a family with the primary active."""
    interfaces = settings.lines.interfaces if settings.lines else [u.interface for u in lab.uplinks]
    return {(name, u.metric) for name, u in zip(interfaces, lab.uplinks, strict=True)}


def policy_text(lab: Lab, settings: Settings, gateways: Mapping[str, Address] | None = None) -> str:
    """A policy of the lab's uplinks; `gateways` are those of renumbered ones, by name."""
    families, count = settings.families, settings.targets
    targets = ", ".join(f"'{target}'" for f in families for target in lab.targets(f)[:count])
    recover = f"recover: {{stable: {settings.stable}}}"
    times = f"interval: {settings.interval}, timeout: {settings.interval}"
    other = f", other: {{{settings.other}}}" if settings.other else ""
    pings = "{failures: 3, probe: internet}"
    failing = f"{{all: [{pings}, {{failures: 3, probe: other}}]}}" if settings.both else pings
    lines = [
        "version: 1",
        f"ignore_linkdown: {str(settings.ignore_linkdown).lower()}",
        "uplinks:",
        *_uplinks(lab, settings, gateways or {}),
        f"probes: {{internet: {{type: icmp, targets: [{targets}], {times}}}{other}}}",
        "rules:",
        f"  - {{name: no-internet, fail: {failing}, {recover}}}",
    ]
    if settings.other and not settings.both:
        counted = "{failures: 3, probe: other}"
        lines.append(f"  - {{name: no-other, fail: {counted}, {recover}}}")
    if settings.own_table:
        lines.insert(1, "routes: {table: own}")
    if settings.carrier_rule:
        lines.append(f"  - {{name: unplugged, fail: {{carrier: down}}, {recover}}}")
    if settings.refuse:
        lines.append("routes: {table: own, when_all_down: unreachable}")
    lines += settings.hooks
    if settings.metrics:
        lines.append(f"metrics: {{listen: '{settings.metrics}'}}")
    return "\n".join(lines) + "\n"


def _uplinks(lab: Lab, settings: Settings, gateways: Mapping[str, Address]) -> Iterator[str]:
    lines, families = settings.lines, settings.families
    more = ", carrier: ignore" if settings.ignore_carrier else ""
    if lines:
        more += f", families: [{', '.join(str(family).lower() for family in families)}]"
        families = families[:1]
    for family in families:
        for number, (name, uplink) in enumerate(
            zip(names(settings, family), lab.uplinks, strict=True)
        ):
            gateway = f"'{gateways.get(name, uplink.gateway_of(family))}'"
            interface = lines.interfaces[number] if lines else uplink.interface
            yield (
                f"  {name}: {{interface: {altname(interface) if settings.altnames else interface},"
                f" gateway: {lines.gateways[number] if lines else gateway},"
                f" metric: {uplink.metric}{more}}}"
            )
