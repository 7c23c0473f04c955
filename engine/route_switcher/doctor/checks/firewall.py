"""May packets of clients pass by each line?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.check import Check
from route_switcher.doctor.crossing import crossings, lans
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.firewall.commands import accepting
from route_switcher.doctor.firewall.conditions import Truth
from route_switcher.doctor.firewall.ruleset import Firewall
from route_switcher.doctor.firewall.walk import dropping, is_dropped
from route_switcher.doctor.interfaces import Lan
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.unread import Unread

_NAME = "firewall"
_ONE_SIDED = Fault(_NAME, "one-sided", Verdict.FAIL)


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


CHECK = Check(_NAME, _judge, (_ONE_SIDED,))
