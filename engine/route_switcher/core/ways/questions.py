"""Which questions follow from a plan and the targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType

from route_switcher.core.vocabulary.lookups import (
    Lookup,
    accepted_answer,
    bound_probe,
    forwarded_traffic,
    own_connection,
    own_traffic,
    with_redirects,
)
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Address, Family, Uplink
from route_switcher.core.vocabulary.ways import LocalNetwork

NO_NAMES: Mapping[Target, Address] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Line:
    """An uplink as the questions, and what is made of the answers, need it."""

    uplink: Uplink
    gateway: Address | None
    """None: its packets go by the device alone."""
    addresses: frozenset[Address]
    """Of its interface, in its family, as far as they are known."""
    own_name: str
    """The kernel's own name of the interface."""
    connected: bool = True
    """Its link carries something, and a route leads through it."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """The route by which the traffic of a family is meant to go."""

    line: Line
    route: Route


def address_of(target: Target, named: Mapping[Target, Address] = NO_NAMES) -> Address | None:
    """The address of a target; None: it is a name, and none of those that are known."""
    try:
        return ip_address(target.name)
    except ValueError:
        return named.get(target)


def targets_through(
    policy: Policy, uplink: Uplink, named: Mapping[Target, Address] = NO_NAMES
) -> tuple[Address, ...]:
    """The addresses that the probes of an uplink ask, each once; `named` are those of names."""
    found = (
        address_of(target, named)
        for probe in policy.probes_through(uplink.name)
        for target in probe.targets_for(uplink.family)
    )
    return tuple(dict.fromkeys(address for address in found if address is not None))


def probe_questions(line: Line, targets: Sequence[Address]) -> Iterator[Lookup]:
    """Which way the probes of an uplink take, and whether their answers would be accepted."""
    for target in targets:
        lookup = bound_probe(target, line.uplink.interface)
        yield lookup
        if line.gateway is not None:
            yield with_redirects(lookup)
    if line.uplink.family is Family.IPV4 and targets:
        for address in sorted(line.addresses, key=int)[:1]:
            yield accepted_answer(address, targets[0], line.uplink.interface)


def traffic_questions(
    carrier: Carrier, targets: Iterable[Address], networks: Iterable[LocalNetwork]
) -> Iterator[Lookup]:
    """Which way the traffic of a family takes."""
    family = carrier.line.uplink.family
    forwarded = [network for network in networks if network.host.version == family.value]
    for target in targets:
        yield own_traffic(target)
        if family is Family.IPV4:
            for source in _sources(carrier):
                yield own_connection(target, source)
        for network in forwarded:
            yield forwarded_traffic(target, network.host, network.interface)


def _sources(carrier: Carrier) -> list[Address]:
    """The address that this machine's own packets have when they leave by the carrier."""
    source = carrier.route.source
    return [source] if source is not None else sorted(carrier.line.addresses, key=int)[:1]
