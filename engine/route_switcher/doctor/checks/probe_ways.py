"""Would the probes of each uplink leave by it, and would their answers be accepted?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.lookups import Unanswered, bound_probe
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.uplinks import Address, Uplink
from route_switcher.core.vocabulary.ways import Findings
from route_switcher.core.ways.obstacles import Obstacle
from route_switcher.core.ways.probe_ways import answers_dropped, misled_probes
from route_switcher.core.ways.questions import Line, targets_through
from route_switcher.core.ways.situation import Situation
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.lines import best_default, situation, standing
from route_switcher.doctor.machine import Machine

_NAME = "probe-way"
_ELSEWHERE = Fault(_NAME, "elsewhere", Verdict.FAIL)
_FILTERED = Fault(_NAME, "filtered", Verdict.FAIL)


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    now = situation(machine.network, policy)
    lines = {line.uplink.id: line for line in now.lines if line.connected}
    for uplink in policy.uplinks:
        label = policy.label(uplink.id)
        targets = targets_through(policy, uplink)
        if uplink.id not in lines:
            yield skipped(_NAME, label, "it has no interface, address or next hop")
        elif not targets:
            yield skipped(_NAME, label, _why_no_address(policy, uplink))
        else:
            yield from _of_line(machine, now, lines[uplink.id], label, targets)


def _why_no_address(policy: Policy, uplink: Uplink) -> str:
    probes = policy.probes_through(uplink.name)
    targets = [t for probe in probes for t in probe.targets_for(uplink.family)]
    if any(target.is_looked_up for target in targets):
        return "its targets are names"
    return "no probe of it asks a host on the internet that the policy names"


def _of_line(
    machine: Machine, now: Situation, line: Line, label: str, targets: tuple[Address, ...]
) -> Iterator[Finding]:
    findings, interface = machine.network.findings, line.uplink.interface
    ready = bool(standing(machine.network, now.policy, line.uplink))
    misled = {
        target: said
        for target, said in misled_probes(line, now, findings).items()
        if ready or _counts_already(findings, target, interface, said[1])
    }
    for what, why in dict.fromkeys(misled.values()):
        those = ", ".join(str(t) for t, said in misled.items() if said == (what, why))
        remedies = (why.remedy,) if why.remedy else ()
        yield _ELSEWHERE.found(label, f"{what.format(those)}: {why.words}", *remedies)
    dropped = answers_dropped(line, targets[:1], findings)
    if dropped is not None and (ready or _dropped_already(machine, now, line)):
        text = f"answers that come in by {interface} are dropped: {dropped.words}"
        yield _FILTERED.found(label, text, dropped.remedy)
    elif not misled:
        asked = (findings.answers.get(bound_probe(target, interface)) for target in targets)
        unanswered = [each for each in asked if isinstance(each, Unanswered)]
        if unanswered:
            yield skipped(_NAME, label, unanswered[0].reason)
        else:
            text = f"probes leave by {interface}"
            yield passed(_NAME, label, text if ready else "nothing is in the way of its probes")


def _dropped_already(machine: Machine, now: Situation, line: Line) -> bool:
    """Whether answers stay dropped when an engine has written its routes and rules, which stand
    nowhere yet. Without any default route even a loose filter drops them."""
    placement = now.policy.placement
    if placement.own and placement.source_rules:
        return False
    return best_default(machine.network, line.uplink.family, MAIN_TABLE) is not None


def _counts_already(findings: Findings, target: Address, interface: str, why: Obstacle) -> bool:
    """Whether it stays wrong when an engine has written its routes, which stand nowhere yet: it is
    no default route of main, and not only that there is none."""
    match findings.answers.get(bound_probe(target, interface)):
        case KernelRoute() as route:
            return not (route.default and route.table == MAIN_TABLE)
        case _:
            return bool(why.remedy)


CHECK = Check(_NAME, _judge, (_ELSEWHERE, _FILTERED))
