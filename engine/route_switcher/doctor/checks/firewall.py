"""May packets of clients pass by each line, and may probes and their answers?"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.ways.questions import Line
from route_switcher.core.ways.situation import Situation
from route_switcher.doctor.check import Check
from route_switcher.doctor.crossing import crossings, lans
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.firewall.commands import accepting, accepting_arp, accepting_probes
from route_switcher.doctor.firewall.conditions import Packet, Truth
from route_switcher.doctor.firewall.ruleset import Firewall, Hook
from route_switcher.doctor.firewall.walk import dropping, dropping_arp, is_dropped
from route_switcher.doctor.interfaces import Lan
from route_switcher.doctor.lines import situation
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.probe_packets import Way, answers, requests
from route_switcher.doctor.unread import Unread
from route_switcher.text.quantities import listed

_NAME = "firewall"
_ONE_SIDED = Fault(_NAME, "one-sided", Verdict.FAIL)
_DROPS_PROBES = Fault(_NAME, "drops-probes", Verdict.FAIL)
_DROPS_ARP = Fault(_NAME, "drops-arp", Verdict.FAIL)


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    for family in policy.families:
        clients = lans(machine, policy, family)
        if not clients:
            yield passed(_NAME, str(family), "it forwards for no network")
        elif isinstance(machine.firewall, Unread):
            yield skipped(_NAME, str(family), machine.firewall.reason)
        else:
            for lan in clients:
                yield from _of_lan(machine, policy, machine.firewall, lan)
    yield from _of_probes(machine, policy)


def _of_lan(machine: Machine, policy: Policy, firewall: Firewall, lan: Lan) -> Iterator[Finding]:
    ways = list(crossings(machine, policy, lan))
    truths = [is_dropped(firewall, way.packet) for way in ways]
    passing = [way for way, truth in zip(ways, truths, strict=True) if truth is Truth.NO]
    for way, truth in zip(ways, truths, strict=True):
        label, interface = policy.label(way.uplink.id), way.packet.going_out
        if truth is Truth.YES and passing:
            text = (
                f"packets of clients of {lan} are dropped when they leave by {interface}, but not "
                f"by {passing[0].packet.going_out}"
            )
            chains = dropping(firewall, way.packet)
            remedies = [
                c for chain in chains for c in accepting(chain, lan.interface.name, interface)
            ]
            yield _ONE_SIDED.found(label, text, *remedies)
        elif truth is Truth.YES:
            yield passed(_NAME, label, f"no client of {lan} is known to pass by any line")
        elif truth is Truth.MAYBE:
            text = f"for clients of {lan} it depends on more than the way that packets take"
            yield skipped(_NAME, label, text)
        else:
            yield passed(_NAME, label, f"clients of {lan} may pass")


def _of_probes(machine: Machine, policy: Policy) -> Iterator[Finding]:
    now = situation(machine.network, policy)
    lines = {line.uplink.id: line for line in now.lines if line.connected}
    for uplink in policy.uplinks:
        label = policy.label(uplink.id)
        if isinstance(machine.firewall, Unread):
            yield skipped(_NAME, label, machine.firewall.reason)
        elif uplink.id not in lines:
            yield skipped(_NAME, label, "it has no interface, address or next hop")
        else:
            yield from _of_arp(machine.firewall, label, lines[uplink.id])
            yield from _of_line(machine.firewall, now, lines[uplink.id])


def _of_arp(firewall: Firewall, label: str, line: Line) -> Iterator[Finding]:
    """Packet sockets, by which probes of type `neighbour` and we ask, are not kept from it."""
    interface, any_address = line.own_name, ip_network("0.0.0.0/0")
    if line.uplink.family is not Family.IPV4:
        return
    chains = [
        *dropping_arp(firewall, Hook.INPUT, Packet(any_address, interface, "")),
        *dropping_arp(firewall, Hook.OUTPUT, Packet(any_address, "", interface)),
    ]
    if chains:
        names = listed([f"{chain.id.name} in table arp {chain.id.table}" for chain in chains])
        text = f"ARP at {interface} is dropped, so the gateway cannot be found: chain {names}"
        remedies = [command for chain in chains for command in accepting_arp(chain, interface)]
        yield _DROPS_ARP.found(label, text, *remedies)


def _of_line(firewall: Firewall, now: Situation, line: Line) -> Iterator[Finding]:
    label, interface = now.policy.label(line.uplink.id), line.own_name
    ways = {
        f"probes that leave by {interface}": tuple(requests(now.policy, line)),
        f"answers to probes that come in by {interface}": tuple(answers(now.policy, line)),
    }
    if not any(ways.values()):
        yield skipped(_NAME, label, f"{interface} has no address, or no target is asked by it")
        return
    passing = Truth.YES
    for what, directed in ways.items():
        truths = [(way, _are_dropped(firewall, way)) for way in directed]
        dropped = [way for way, truth in truths if truth is Truth.YES]
        if dropped:
            passing = Truth.NO
            yield _dropped(firewall, line, label, what, dropped)
        elif any(truth is Truth.MAYBE for _, truth in truths):
            passing = min(passing, Truth.MAYBE)
    if passing is Truth.MAYBE:
        text = "for its probes it depends on more than interfaces, addresses and the protocol"
        yield skipped(_NAME, label, text)
    elif passing is Truth.YES:
        yield passed(_NAME, label, "its probes and their answers may pass")


def _are_dropped(firewall: Firewall, way: Way) -> Truth:
    """It is not known which of its packets the kernel sends: certain only if all fare the same."""
    found = {is_dropped(firewall, packet) for packet in way.packets}
    return found.pop() if len(found) == 1 else Truth.MAYBE


def _dropped(
    firewall: Firewall, line: Line, label: str, what: str, dropped: Sequence[Way]
) -> Finding:
    packets = [packet for way in dropped for packet in way.packets]
    chains = dict.fromkeys(c.id for packet in packets for c in dropping(firewall, packet))
    pings = [packet for packet in packets if packet.icmp_type is not None]
    mended = dict.fromkeys(c.id for packet in pings for c in dropping(firewall, packet))
    names = listed([f"{each.name} in table {each.family} {each.table}" for each in chains])
    targets = ", ".join(str(way.target) for way in dropped)
    version = line.uplink.family.value
    return _DROPS_PROBES.found(
        label,
        f"{what} ({targets}) are dropped by this machine's own firewall: chain {names}",
        *(
            command
            for each in mended
            for command in accepting_probes(firewall.chains[each], version, line.own_name)
        ),
    )


CHECK = Check(_NAME, _judge, (_ONE_SIDED, _DROPS_PROBES, _DROPS_ARP))
