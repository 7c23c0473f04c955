"""Packets of probes through an uplink, and of their answers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network

from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.core.ways.questions import Line, address_of, targets_through
from route_switcher.doctor.firewall.conditions import Packet


@dataclass(frozen=True, slots=True)
class Way:
    """Packets to or from one target. The kernel chooses one of them by the address of the
    uplink."""

    target: Address
    packets: tuple[Packet, ...]
    """At least one."""


def requests(policy: Policy, line: Line) -> Iterator[Way]:
    """What leaves by its interface: echo requests to targets that are pinged. None where it has
    no address or no target."""
    own = sorted((a for a in line.addresses if not _is_local(a)), key=int)
    pinged = {
        address_of(target)
        for probe in policy.probes_through(line.uplink.name)
        if isinstance(probe.check, IcmpEcho)
        for target in probe.targets
    }
    for target in targets_through(policy, line.uplink) if own else ():
        kind = "echo-request" if target in pinged else None
        packets = (_request(address, target, line.own_name, kind) for address in own)
        yield Way(target, tuple(packets))


def answers(policy: Policy, line: Line) -> Iterator[Way]:
    """The answers to these, which come in by its interface."""
    for way in requests(policy, line):
        yield replace(way, packets=tuple(_answer(packet, way.target) for packet in way.packets))


def _request(own: Address, target: Address, interface: str, kind: str | None) -> Packet:
    to = ip_network(target)
    return Packet(ip_network(own), "", interface, to, icmp_type=kind)


def _answer(request: Packet, target: Address) -> Packet:
    coming_in, own = request.going_out, request.source
    kind = None if request.icmp_type is None else "echo-reply"
    return Packet(ip_network(target), coming_in, "", own, "established", kind)


def _is_local(address: Address) -> bool:
    """An address of IPv6 that is not used for packets to the internet."""
    return address.version == 6 and address.is_link_local
