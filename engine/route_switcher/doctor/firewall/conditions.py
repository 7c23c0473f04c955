"""Whether a condition holds for a packet: the first one of a client, a probe, or its answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from ipaddress import (
    IPv4Network,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)

from route_switcher.core.vocabulary.policy_rules import Network
from route_switcher.doctor.firewall.ruleset import Condition, Field

_MOST_VALUES = 1000
"""Of addresses in one condition: more are not looked through."""


class Truth(IntEnum):
    """Ordered: of several conditions that must all hold, the least counts."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Packet:
    """Unless said, the first packet of a connection that a client begins: it goes to an address of
    the internet that is not known beforehand."""

    source: Network
    """Any address of it."""
    coming_in: str
    going_out: str
    """Interfaces by the kernel's own names. Empty: this machine sends it, or is its destination."""
    destination: Network | None = None
    """None: somewhere in the internet."""
    state: str = "new"
    """Of its connection, as nft names it (conntrack)."""
    icmp_type: str | None = None
    """As nft names it (`echo-request`). None: any packet, also of another protocol."""

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.source.version

    @property
    def protocol(self) -> str:
        """Of a packet that has a type of ICMP, as nft names it."""
        return "icmp" if self.version == 4 else "icmpv6"


def all_hold(conditions: Iterable[Condition], packet: Packet) -> Truth:
    """Whether all of them hold."""
    return min((holds(condition, packet) for condition in conditions), default=Truth.YES)


def holds(condition: Condition, packet: Packet) -> Truth:
    """Whether it holds."""
    found = _TESTS[condition.field](condition.values, packet)
    return Truth(Truth.YES - found) if condition.negated else found


def _is_any(interface: str, names: tuple[str, ...]) -> Truth:
    for name in names:
        if interface == name or (name.endswith("*") and interface.startswith(name[:-1])):
            return Truth.YES
    return Truth.NO


def _source(values: tuple[str, ...], packet: Packet) -> Truth:
    return _is_in(values, packet.source)


def _is_in(values: tuple[str, ...], found: Network) -> Truth:
    if len(values) > _MOST_VALUES:
        return Truth.MAYBE
    networks = _networks(values)
    if networks is None:
        return Truth.MAYBE
    same = [network for network in networks if network.version == found.version]
    if any(_contains(network, found) for network in same):
        return Truth.YES
    return Truth.MAYBE if any(n.overlaps(found) for n in same) else Truth.NO


def _destination(values: tuple[str, ...], packet: Packet) -> Truth:
    """Of addresses that are nobody's in the internet no packet to the internet has one."""
    if packet.destination is not None:
        return _is_in(values, packet.destination)
    if len(values) > _MOST_VALUES:
        return Truth.MAYBE
    networks = _networks(values)
    if networks is None:
        return Truth.MAYBE
    same = [network for network in networks if network.version == packet.version]
    if any(network.prefixlen == 0 for network in same):
        return Truth.YES
    return Truth.MAYBE if any(network.is_global for network in same) else Truth.NO


def _protocol(values: tuple[str, ...], packet: Packet) -> Truth:
    if packet.icmp_type is None:
        return Truth.MAYBE
    return Truth.YES if packet.protocol in values else Truth.NO


def _icmp_type(values: tuple[str, ...], packet: Packet) -> Truth:
    if packet.icmp_type is None:
        return Truth.MAYBE
    return Truth.YES if packet.icmp_type in values else Truth.NO


def _contains(outer: Network, inner: Network) -> bool:
    match outer, inner:
        case IPv4Network(), IPv4Network():
            return inner.subnet_of(outer)
        case IPv6Network(), IPv6Network():
            return inner.subnet_of(outer)
        case _:
            return False


@lru_cache(maxsize=256)
def _networks(values: tuple[str, ...]) -> tuple[Network, ...] | None:
    """None: one of them is no address."""
    found: list[Network] = []
    try:
        for value in values:
            first, dash, last = value.partition("-")
            if dash:
                found += summarize_address_range(ip_address(first), ip_address(last))
            else:
                found.append(ip_network(value, strict=False))
    except (ValueError, TypeError):
        return None
    return tuple(found)


_TESTS: dict[Field, Callable[[tuple[str, ...], Packet], Truth]] = {
    Field.INPUT: lambda values, packet: _is_any(packet.coming_in, values),
    Field.OUTPUT: lambda values, packet: _is_any(packet.going_out, values),
    Field.SOURCE: _source,
    Field.DESTINATION: _destination,
    Field.STATE: lambda values, packet: Truth.YES if packet.state in values else Truth.NO,
    Field.FAMILY: lambda values, packet: Truth.YES if str(packet.version) in values else Truth.NO,
    Field.PROTOCOL: _protocol,
    Field.ICMP_TYPE: _icmp_type,
    Field.TO_THIS_HOST: lambda _, packet: Truth.NO if packet.going_out else Truth.YES,
    Field.OTHER: lambda *_: Truth.MAYBE,
}
