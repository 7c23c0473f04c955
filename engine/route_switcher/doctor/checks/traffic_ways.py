"""Does traffic, of this machine and of the LAN, go where the engine sends it?"""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import Answer, Lookup, Refused, own_traffic
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.ways.comparison import Difference, Wrong
from route_switcher.core.ways.obstacles import Obstacle, obstacle
from route_switcher.core.ways.situation import Situation
from route_switcher.core.ways.traffic_ways import astray_ways
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.lines import FAR_AND_WIDE, refuses, situation, unselected_traffic
from route_switcher.doctor.machine import Machine

_NAME = "traffic-way"
_ASTRAY = Fault(_NAME, "astray", Verdict.FAIL)
_PINNED = Fault(_NAME, "pinned", Verdict.FAIL)
_REFUSED = Fault(_NAME, "refused", Verdict.FAIL)

_WIDEST = {Family.IPV4: 4, Family.IPV6: 6}
"""The longest prefix that stands for a part of the internet, and for no network of somebody."""


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    now = situation(machine.network, policy)
    for family in policy.families:
        targets = now.targets(family)
        if not targets:
            yield skipped(_NAME, str(family), "the targets of its probes are names")
        elif refuses(machine.network, policy, family):
            yield _refused(machine, family)
        else:
            judge = _selected if family in now.carriers else _unselected
            yield from _with_wide(list(judge(machine, now, family)), machine, now, family)


def _refused(machine: Machine, family: Family) -> Finding:
    why = "traffic is refused, since no uplink answers (`when_all_down: unreachable`)"
    if machine.engine.runs:
        return passed(_NAME, str(family), f"{why}, until one does")
    text = (
        f"{why}, and no engine runs that could end that: start it, or let traffic out with"
        " `route-switcher cleanup`"
    )
    return _REFUSED.found(str(family), text)


def _selected(machine: Machine, now: Situation, family: Family) -> Iterator[Finding]:
    network, route = machine.network, now.carriers[family].route
    answers = network.findings.answers
    asked = {lookup: answers[lookup] for lookup in now.questions(network.forwarded)}
    findings = replace(network.findings, answers=asked)
    found = dict.fromkeys(
        (each.what, each.where, each.why, each.elsewhere)
        for each in astray_ways(family, now, findings)
    )
    for what, where, why, elsewhere in found:
        text = f"{what} {where}: {why.words}"
        if elsewhere:
            yield passed(_NAME, str(family), f"{text} (for information)")
        else:
            yield _ASTRAY.found(str(family), text, *_commands(why))
    if not found:
        name = now.carriers[family].line.uplink.name
        yield passed(_NAME, str(family), f"it leaves by {route.interface} ({name})")


def _unselected(machine: Machine, now: Situation, family: Family) -> Iterator[Finding]:
    """While no route of an engine carries the traffic: what would not follow its routes."""
    findings = machine.network.findings
    found: dict[Obstacle, list[str]] = {}
    for lookup in unselected_traffic(machine.network, family, now.targets(family)):
        answer = findings.answers[lookup]
        difference = _pinned(answer, now, family)
        if difference is None:
            continue
        wrong = Wrong(difference, answer) if isinstance(answer, KernelRoute | Refused) else None
        why = obstacle(lookup, wrong, findings, now.policy.placement.table) if wrong else None
        if why is not None and why.remedy and not why.some_sources:
            found.setdefault(why, []).append(_what(lookup))
    for why, those in found.items():
        what = " and ".join(dict.fromkeys(those))
        text = f"{what} will not follow the selected uplink: {why.words}"
        yield _PINNED.found(str(family), text, *_commands(why))
    if not found:
        yield passed(_NAME, str(family), "nothing is in the way of an engine's routes")


def _with_wide(
    found: list[Finding], machine: Machine, now: Situation, family: Family
) -> Iterator[Finding]:
    """`found`, and routes that somebody wrote instead of a default route; the targets may be in
    none of them."""
    named = {remedy for finding in found for remedy in finding.remedies}
    wide = [each for each in _wide(machine, now, family) if named.isdisjoint(each.remedies)]
    yield from (each for each in found if not wide or each.fault)
    yield from wide


def _wide(machine: Machine, now: Situation, family: Family) -> Iterator[Finding]:
    findings, uplinks = machine.network.findings, now.uplinks(family).interfaces
    met = {
        answer: lookup
        for lookup in map(own_traffic, FAR_AND_WIDE[family])
        if isinstance(answer := findings.answers.get(lookup), KernelRoute)
        and not answer.default
        and answer.prefix_length <= _WIDEST[family]
        and answer.protocol != PROTOCOL
        and any(hop.interface in uplinks for hop in answer.hops)
    }
    for answer, lookup in met.items():
        wrong = Wrong(Difference.OTHER_GATEWAY, answer)
        why = obstacle(lookup, wrong, findings, now.policy.placement.table)
        network = ip_network((lookup.destination, answer.prefix_length), strict=False)
        text = f"traffic to {network} will not follow the selected uplink: {why.words}"
        yield _PINNED.found(str(family), text, *_commands(why))


def _pinned(answer: Answer, now: Situation, family: Family) -> Difference | None:
    """How traffic goes that no default route of ours will change; None: it will follow, or it goes
    to an interface that is no uplink (a VPN's), or nothing is known."""
    match answer:
        case Refused():
            return Difference.REFUSED
        case KernelRoute():
            uplinks = now.uplinks(family).interfaces
            through = any(hop.interface in uplinks for hop in answer.hops)
            if not through or (answer.hops[0].gateway is None and not answer.default):
                return None
            if answer.default and answer.table in (MAIN_TABLE, now.policy.placement.table):
                return None
            return Difference.OTHER_TABLE if answer.default else Difference.OTHER_GATEWAY
        case _:
            return None


def _what(lookup: Lookup) -> str:
    if lookup.in_interface is None:
        return f"traffic to {lookup.destination}"
    return f"what comes in by {lookup.in_interface}"


def _commands(why: Obstacle) -> tuple[str, ...]:
    return (why.remedy,) if why.remedy else ()


CHECK = Check(_NAME, _judge, (_ASTRAY, _PINNED, _REFUSED))
