"""Targets that say little of the internet, probes that cost much, speeds that are never used."""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from route_switcher.analysis.figures.traffic import (
    bytes_a_month,
    bytes_a_round,
    bytes_of_target,
    probe_bytes_a_month,
)
from route_switcher.analysis.lints.context import LintContext
from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.checks import ExecProgram, HttpGet, IcmpEcho, Layer, TcpConnect
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import MONTH, format_duration
from route_switcher.text.quantities import listed, volume

_MOBILE_INTERFACE = re.compile(
    r"ww|ppp|usb|rmnet|lte|qmi|mbim|cdc|rndis|enx|hso|mhi|ccmni|bnep|modem|mobile|[345]g",
    re.IGNORECASE,
)
"""What the names of interfaces begin with that are mostly mobile, and paid for by volume: modems
(systemd's ww…), and telephones at USB (enx… with their hardware address)."""

_MOBILE_NAME = re.compile(
    r"(?<![a-z])(?:lte|[345]g|umts|gsm|mobile|cellular|cell|modem|wwan|sim[0-9]?|tether(?:ing)?"
    r"|phone|handy|usb|hotspot|metered|roaming|iridium|inmarsat|vsat)(?![a-z])",
    re.IGNORECASE,
)
"""What such an uplink is called."""

_MUCH = 50e6
"""Bytes a month that an uplink should not cost for standing by, if it is mobile."""

_ETHERNET = 1500
"""Bytes of the longest packet on an Ethernet, and so on most lines to the internet."""

_LITTLE = 10e6
"""Bytes a month that it may cost."""

_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))

_WELL_KNOWN = {
    Family.IPV4: ("1.1.1.1", "8.8.8.8"),
    Family.IPV6: ("2606:4700:4700::1111", "2001:4860:4860::8888"),
}
"""Public resolvers, which answer from everywhere."""


def doubt_few_targets(context: LintContext) -> None:
    """Uplinks that are judged by one target: its outage looks like theirs."""
    told: set[tuple[Path, Target]] = set()
    for uplink in context.policy.uplinks:
        family = uplink.family
        through = [(p, q) for p, q in context.probes() if q.goes_through(uplink.name)]
        through = [(p, q) for p, q in through if not _asks_the_uplink(q)]
        targets = {t for _, probe in through for t in probe.targets_for(family)}
        last = context.policy.uplinks_of(family)[-1]
        if len(targets) != 1 or uplink == last:
            continue  # Nobody leaves the last uplink for a worse one.
        path, probe = through[0]
        (target,) = targets
        if (path, target) in told:
            continue
        told.add((path, target))
        written = path[0] == "probes"
        context.note(
            "one-target",
            _at_target(path, probe, target) if written else path,
            f"{target} is the only target through {_through(context, probe, family)}: its outage"
            " looks like that of the uplinks",
            _second_target(probe, target, family) + ("" if written else " in a probe"),
            on_key=True,
        )


def _second_target(probe: Probe, target: Target, family: Family) -> str:
    """How to ask somebody else too. Others do not serve the same page, or the same port."""
    known = [known for known in _WELL_KNOWN[family] if known != str(target)]
    match probe.check:
        case HttpGet() | TcpConnect():
            return f"write another probe beside it, for example 'type: icmp, targets: [{known[0]}]'"
        case _:
            return f"write a second one, for example 'targets: [{target}, {known[0]}]'"


def doubt_repeated_targets(context: LintContext) -> None:
    """Targets that several probes ask through the same uplink, in the same way."""
    asked: list[tuple[Target, Probe]] = []
    for path, probe in context.probes():
        for target in probe.targets:
            other = next(
                (p for t, p in asked if t == target and _ask_alike(context, p, probe)), None
            )
            if other is not None:
                context.note(
                    "repeated-target",
                    _at_target(path, probe, target),
                    f"{target} is asked by {other.name} already, through the same uplinks",
                    "ask another one: two probes of one target tell nothing more, and cost twice",
                )
            asked.append((target, probe))


def doubt_sizes(context: LintContext) -> None:
    """Requests in one piece that are larger than what common lines take."""
    for path, probe in context.probes():
        if not isinstance(probe.check, IcmpEcho) or probe.check.size is None:
            continue
        for uplink in context.policy.uplinks:
            whole = bytes_of_target(probe.check, uplink.family, answers=False)
            if probe.goes_through(uplink.name) and whole > _ETHERNET:
                context.warn(
                    "larger-than-ethernet",
                    (*path, "size"),
                    f"over {uplink.family} that is a packet of {whole} bytes, and common lines take"
                    f" {_ETHERNET}: it gets no answer there",
                    f"write {probe.check.size - whole + _ETHERNET}",
                )
                break


def doubt_first_hop(context: LintContext) -> None:
    """Rules that hear of nothing behind the gateway."""
    for path, rule in context.rules():
        probes = [context.probe(name) for name in sorted(rule.probes)]
        if probes and all(probe.check.layer <= Layer.FORWARDING for probe in probes):
            context.warn(
                "first-hop-only",
                (*path, "fail"),
                f"{rule.name} asks the gateway alone: it finds an uplink well though the internet"
                " behind the gateway is gone, as a modem answers while its line is dead",
                "join it by 'any' with a probe that asks hosts on the internet, for example 'any:"
                " [{failures: 3, probe: first-hop}, {failures: 3, probe: internet}]'",
                on_key=True,
            )


def doubt_private(context: LintContext) -> None:
    """Probes that ask no address of the internet at all."""
    asked = [(path, probe) for path, probe in context.probes() if not _asks_the_uplink(probe)]
    gateways = {str(uplink.gateway) for uplink in context.policy.uplinks}
    targets = [(path, probe, target) for path, probe in asked for target in probe.targets]
    public = [target for _, _, target in targets if not _is_private(target)]
    inner = [each for each in targets if str(each[2]) not in gateways]
    if public or not inner or any(isinstance(probe.check, ExecProgram) for _, probe in asked):
        return
    path, probe, target = inner[0]
    context.note(
        "private-targets",
        _at_target(path, probe, target),
        f"{target} is a private address, and no probe asks another: what is asked is a network"
        " behind the uplink, and not the internet",
        f"ask a host on the internet, such as {_WELL_KNOWN[Family.IPV4][0]}, if traffic goes there",
    )


def _is_private(target: Target) -> bool:
    """Whether it is an address of RFC 1918 or RFC 4193, which no packet on the internet has."""
    try:
        address = ip_address(str(target))
    except ValueError:
        return False
    return any(address in network for network in _PRIVATE)


def doubt_gateways(context: LintContext) -> None:
    """Targets that answer though the internet behind them is gone."""
    gateways = {str(u.gateway): u for u in context.policy.uplinks if u.written_gateway}
    for path, probe in context.probes():
        for target in probe.targets:
            uplink = gateways.get(target.name)
            if uplink is not None:
                context.warn(
                    "gateway-as-target",
                    _at_target(path, probe, target),
                    f"{target} is the gateway of {uplink.name}: it answers though the internet"
                    " behind it is gone",
                    f"ask a host on the internet, such as {_WELL_KNOWN[uplink.family][0]}",
                )


def doubt_speeds(context: LintContext) -> None:
    """Intervals that are written and never used."""
    for path, probe in context.probes():
        confirming = failures_that_count(probe, context.policy.rules)
        if probe.fast_interval < probe.interval and confirming < 2:
            reason = "no rule counts its failures" if not confirming else "one failure is enough"
            context.note(
                "unused-speed",
                (*path, "fast_interval"),
                f"the fast interval is never used: {reason}",
                "remove it, or write a rule with 'failures: 2' or more",
            )
        through = [u for u in context.policy.uplinks if probe.goes_through(u.name)]
        if probe.standby_interval > probe.interval and not any(map(context.may_stand_by, through)):
            context.note(
                "unused-speed",
                (*path, "standby_interval"),
                "the standby interval is never used: none of its uplinks has another to stand by"
                " for",
                "remove it",
            )


def doubt_cost(context: LintContext) -> None:
    """Probes that cost much on a line that is paid for by volume, by the interface's name."""
    policy = context.policy
    firsts = [policy.uplinks_of(family)[0] for family in policy.families]
    for path, name in context.names():
        standing_by = [uplink for uplink in policy.named(name) if uplink not in firsts]
        cost = sum(bytes_a_month(policy, uplink, Speed.STANDBY) for uplink in standing_by)
        interfaces = [uplink.interface for uplink in standing_by]
        mobile = _MOBILE_NAME.search(name) or any(map(_MOBILE_INTERFACE.match, interfaces))
        if not mobile or cost < _MUCH:
            continue
        families = [uplink.family for uplink in standing_by]
        costs = {p: _costs(p, families, Speed.STANDBY) for p in policy.probes_through(name)}
        worst = max(costs, key=costs.__getitem__)
        spare = _sparing_interval(worst, families)
        less = cost - costs[worst]
        less += _costs(worst, families, Speed.NORMAL) * worst.interval / spare
        context.note(
            "costly-standby",
            path,
            f"on standby, the probes of {name} take {volume(cost)} a month",
            f"'standby_interval: {format_duration(spare)}' in the probe {worst.name} makes it"
            f" {volume(less)}",
            on_key=True,
        )


def _costs(probe: Probe, families: Iterable[Family], speed: Speed) -> float:
    """Bytes a month of a probe through a line with these families."""
    return sum(probe_bytes_a_month(probe, family, speed) for family in families)


def _sparing_interval(probe: Probe, families: Iterable[Family]) -> float:
    """A round interval at which a probe takes little."""
    a_round = sum(bytes_a_round(probe, family) for family in families)
    steps = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0)
    enough = (s for s in steps if s > probe.interval and a_round * MONTH / s <= _LITTLE)
    return next(enough, max(600.0, probe.interval))


def _at_target(path: Path, probe: Probe, target: Target) -> Path:
    return (*path, "targets", probe.targets.index(target))


def _asks_the_uplink(probe: Probe) -> bool:
    """Whether it asks no host of the policy, but what each uplink has for itself."""
    return any(target.is_of_uplink for target in probe.targets)


def _ask_alike(context: LintContext, one: Probe, other: Probe) -> bool:
    """Whether they ask in the same way, and through an uplink that both go through."""
    return one.check == other.check and any(
        one.goes_through(name) and other.goes_through(name) for name in context.policy.names
    )


def _through(context: LintContext, probe: Probe, family: Family) -> str:
    uplinks = [
        u.name for u in context.policy.uplinks if u.family is family and probe.goes_through(u.name)
    ]
    return listed(uplinks)
