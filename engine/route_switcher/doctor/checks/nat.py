"""Do packets of clients get an address of the line that they leave by?"""

from collections.abc import Iterator

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.doctor.check import Check
from route_switcher.doctor.crossing import Crossing, crossings, lans, own_name
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.firewall.commands import masquerading, masquerading_first
from route_switcher.doctor.firewall.conditions import Truth
from route_switcher.doctor.firewall.ruleset import Act, Firewall
from route_switcher.doctor.firewall.walk import is_translated, translations
from route_switcher.doctor.interfaces import Lan, is_unique_local
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.unread import Unread

_NAME = "nat"
_ONE_SIDED = Fault(_NAME, "one-sided", Verdict.FAIL)
_MISSING = Fault(_NAME, "missing", Verdict.WARN)
_FOREIGN_ADDRESS = Fault(_NAME, "foreign-address", Verdict.WARN)


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    for family in policy.families:
        clients = [lan for lan in lans(machine, policy, family) if _wants_translation(lan)]
        if not clients:
            text = "it forwards for no network with private addresses"
            yield passed(_NAME, str(family), text)
        elif isinstance(machine.firewall, Unread):
            yield skipped(_NAME, str(family), machine.firewall.reason)
        else:
            for lan in clients:
                yield from _of_lan(machine, policy, machine.firewall, lan)


def _wants_translation(lan: Lan) -> bool:
    """Its addresses are nobody's in the internet. (IPv6 prefixes of providers have a check of
    their own.)"""
    network = lan.network
    return not network.is_global if network.version == 4 else is_unique_local(network)


def _of_lan(machine: Machine, policy: Policy, firewall: Firewall, lan: Lan) -> Iterator[Finding]:
    ways = list(crossings(machine, policy, lan))
    truths = [is_translated(translations(firewall, way.packet)) for way in ways]
    translating = [way for way, truth in zip(ways, truths, strict=True) if truth is Truth.YES]
    for way, truth in zip(ways, truths, strict=True):
        label, interface = policy.label(way.uplink.id), way.packet.going_out
        remedies = masquerading(firewall, lan.network.version, interface)
        if truth is Truth.MAYBE:
            text = f"for clients of {lan} it depends on more than the way that packets take"
            yield skipped(_NAME, label, text)
        elif truth is Truth.YES:
            yield _translated(machine, policy, firewall, way)
        elif translating:
            text = (
                f"packets of clients of {lan} keep their private address when they leave by "
                f"{interface}, so no answer comes back; by {translating[0].packet.going_out} they "
                "get another one"
            )
            yield _ONE_SIDED.found(label, text, *remedies)
        elif lan.network.version == Family.IPV4.value:
            text = (
                f"packets of clients of {lan} leave by {interface} with their private address: no "
                "answer comes back, unless the next router knows the way to them"
            )
            yield _MISSING.found(label, text, *remedies)
        else:
            yield passed(_NAME, label, f"clients of {lan} stay within this site by any line")


def _translated(machine: Machine, policy: Policy, firewall: Firewall, way: Crossing) -> Finding:
    label, interface, lan = policy.label(way.uplink.id), way.packet.going_out, way.lan
    ends = translations(firewall, way.packet)
    written = {text for end in ends if end.act is Act.SOURCE_NAT for text in end.addresses}
    for text, other in _of_other_uplinks(machine, policy, way.uplink):
        if text in written:
            told = (
                f"packets of clients of {lan} leave by {interface} with {text}, an address of "
                f"{other}: answers do not come back this way"
            )
            remedies = masquerading_first(firewall, lan.network.version, interface)
            return _FOREIGN_ADDRESS.found(label, told, *remedies)
    return passed(_NAME, label, f"clients of {lan} get an address of this machine")


def _of_other_uplinks(
    machine: Machine, policy: Policy, uplink: Uplink
) -> Iterator[tuple[str, str]]:
    """Addresses of the interfaces of other uplinks, as nft and iptables write them."""
    own = own_name(machine, uplink)
    for other in policy.uplinks_of(uplink.family):
        name = own_name(machine, other)
        interface = machine.interfaces.named(name)
        if name != own and interface is not None:
            for each in interface.addresses:
                yield str(each.address.ip), name


CHECK = Check(_NAME, _judge, (_ONE_SIDED, _MISSING, _FOREIGN_ADDRESS))
