"""Packets of clients that go through this machine, by each line."""

from collections.abc import Iterator
from dataclasses import dataclass

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.doctor.firewall.conditions import Packet
from route_switcher.doctor.interfaces import Lan
from route_switcher.doctor.machine import Machine


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first packet of a client's connection by one uplink."""

    lan: Lan
    uplink: Uplink
    packet: Packet


def lans(machine: Machine, policy: Policy, family: Family) -> tuple[Lan, ...]:
    """The networks whose clients go to the internet by this machine."""
    uplinks = frozenset(own_name(machine, uplink) for uplink in policy.uplinks)
    return tuple(machine.interfaces.lans(family, uplinks))


def crossings(machine: Machine, policy: Policy, lan: Lan) -> Iterator[Crossing]:
    """One for each uplink of its family, in order of preference."""
    for uplink in policy.uplinks_of(Family(lan.network.version)):
        going_out = own_name(machine, uplink)
        yield Crossing(lan, uplink, Packet(lan.network, lan.interface.name, going_out))


def own_name(machine: Machine, uplink: Uplink) -> str:
    """The kernel's own name for its interface."""
    return machine.network.links[uplink.interface].own_name
