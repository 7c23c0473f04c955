"""Can IPv6 clients go by a line that did not give them their addresses?

A provider drops packets from prefixes that are not its own (BCP 38), and answers to them go to the
line whose prefix it is.
"""

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.doctor.check import Check
from route_switcher.doctor.crossing import crossings, lans, own_name
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped
from route_switcher.doctor.firewall.commands import masquerading
from route_switcher.doctor.firewall.conditions import Truth
from route_switcher.doctor.firewall.ruleset import Firewall
from route_switcher.doctor.firewall.walk import is_translated, translations
from route_switcher.doctor.interfaces import Lan, is_unique_local
from route_switcher.doctor.machine import Machine
from route_switcher.doctor.unread import Unread

_NAME = "ipv6-clients"
_DEAD_PREFIX = Fault(_NAME, "dead-prefix", Verdict.WARN)

_SHORTEST = 29
"""Bits that two addresses of one provider have in common at least: what registries give out."""


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    subject = str(Family.IPV6)
    uplinks = policy.uplinks_of(Family.IPV6)
    clients = [
        lan for lan in lans(machine, policy, Family.IPV6) if not is_unique_local(lan.network)
    ]
    if len(uplinks) < 2:
        yield passed(_NAME, subject, "there is no second line of IPv6")
    elif not clients:
        yield passed(_NAME, subject, "it forwards for no network with a prefix of a provider")
    elif isinstance(machine.firewall, Unread):
        yield skipped(_NAME, subject, machine.firewall.reason)
    else:
        for lan in clients:
            yield from _of_lan(machine, policy, machine.firewall, lan)


def _of_lan(machine: Machine, policy: Policy, firewall: Firewall, lan: Lan) -> Iterator[Finding]:
    owner = _owner(machine, policy, lan)
    for way in crossings(machine, policy, lan):
        label, interface = policy.label(way.uplink.id), way.packet.going_out
        truth = is_translated(translations(firewall, way.packet))
        if way.uplink is owner:
            yield passed(_NAME, label, f"{lan} is taken for a prefix of this line")
        elif truth is Truth.MAYBE:
            text = f"for clients of {lan} it depends on more than the way that packets take"
            yield skipped(_NAME, label, text)
        elif truth is Truth.YES:
            yield passed(_NAME, label, f"clients of {lan} get addresses of this line")
        else:
            text = (
                f"after a failover clients of {lan} keep addresses of {owner.name}, and by "
                f"{interface} they get no answers. Translate them, or have router advertisements "
                "deprecate the prefix"
            )
            yield _DEAD_PREFIX.found(label, text, *masquerading(firewall, 6, interface))


def _owner(machine: Machine, policy: Policy, lan: Lan) -> Uplink:
    """The line whose provider gave the prefix: its addresses have the most in common with it. If
    that does not tell, the first one."""
    uplinks = policy.uplinks_of(Family.IPV6)
    alike = {uplink: _alike(machine, uplink, lan) for uplink in uplinks}
    most = max(alike.values())
    best = [uplink for uplink in uplinks if alike[uplink] == most]
    return best[0] if len(best) == 1 and most >= _SHORTEST else uplinks[0]


def _alike(machine: Machine, uplink: Uplink, lan: Lan) -> int:
    """How many leading bits an address of the uplink and the prefix have in common at most."""
    interface = machine.interfaces.named(own_name(machine, uplink))
    own = [] if interface is None else [each.address.ip for each in interface.addresses]
    start = lan.network.network_address
    common = (_common(ip, start) for ip in own if isinstance(ip, IPv6Address))
    return max(common, default=0) if isinstance(lan.network, IPv6Network) else 0


def _common(one: IPv6Address, other: object) -> int:
    return 128 - (int(one) ^ int(other)).bit_length() if isinstance(other, IPv6Address) else 0


CHECK = Check(_NAME, _judge, (_DEAD_PREFIX,))
