"""Whether a condition holds for the first packet of a client to somewhere in the internet."""

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
    """The first packet of a connection that a client begins. It goes to an address of the internet
    that is not known beforehand."""

    source: Network
    """Any address of it."""
    coming_in: str
    going_out: str
    """Interfaces by the kernel's own names."""

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.source.version


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
    if len(values) > _MOST_VALUES:
        return Truth.MAYBE
    networks = _networks(values)
    if networks is None:
        return Truth.MAYBE
    same = [network for network in networks if network.version == packet.version]
    if any(_contains(network, packet.source) for network in same):
        return Truth.YES
    return Truth.MAYBE if any(n.overlaps(packet.source) for n in same) else Truth.NO


def _destination(values: tuple[str, ...], packet: Packet) -> Truth:
    """Of addresses that are nobody's in the internet no packet to the internet has one."""
    if len(values) > _MOST_VALUES:
        return Truth.MAYBE
    networks = _networks(values)
    if networks is None:
        return Truth.MAYBE
    same = [network for network in networks if network.version == packet.version]
    if any(network.prefixlen == 0 for network in same):
        return Truth.YES
    return Truth.MAYBE if any(network.is_global for network in same) else Truth.NO


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
    Field.STATE: lambda values, _: Truth.YES if "new" in values else Truth.NO,
    Field.FAMILY: lambda values, packet: Truth.YES if str(packet.version) in values else Truth.NO,
    Field.OTHER: lambda *_: Truth.MAYBE,
}
