"""Every interface, and for whom this machine forwards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from route_switcher.core.vocabulary.policy_rules import Network
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.doctor.network import HostAddress

_UNIQUE_LOCAL = ip_network("fc00::/7")


@dataclass(frozen=True, slots=True)
class Interface:
    """One that is up. The name is the kernel's own."""

    name: str
    addresses: tuple[HostAddress, ...]
    mtu: Mapping[Family, int]
    """Bytes of the largest packet that leaves by it: what the interface takes, or less where its
    default routes say so."""
    forwards: frozenset[Family]
    """What comes in by it is forwarded."""
    broadcasts: bool
    """There may be many hosts on it: it is no loopback, no tunnel and no point-to-point link."""


@dataclass(frozen=True, slots=True)
class Lan:
    """A network of clients that go to the internet by this machine."""

    interface: Interface
    network: Network

    def __str__(self) -> str:
        return f"{self.network} at {self.interface.name}"


@dataclass(frozen=True, slots=True)
class Interfaces:
    """All that are up, in the kernel's order."""

    up: tuple[Interface, ...]
    members: Mapping[str, str] = field(default_factory=dict)
    """By interface: the bridge or bond that it is a part of, and that takes what comes in."""

    def named(self, name: str) -> Interface | None:
        """None: there is none, or it is down."""
        return next((each for each in self.up if each.name == name), None)

    def lans(self, family: Family, uplinks: frozenset[str]) -> Iterator[Lan]:
        """The networks that it forwards for. `uplinks` are the kernel's names of interfaces."""
        for each in self.up:
            if each.name in uplinks or family not in each.forwards or not each.broadcasts:
                continue
            of_clients = (a for a in each.addresses if a.family is family and _has_clients(a))
            for network in dict.fromkeys(a.address.network for a in of_clients):
                yield Lan(each, network)


def _has_clients(own: HostAddress) -> bool:
    """Whether there may be others in its network that use an address of it now. A prefix that is
    deprecated is used for no new connection."""
    return own.address.network.num_addresses > 2 and not own.link_local and not own.deprecated


def is_unique_local(network: Network) -> bool:
    """An IPv6 network that is nobody's in the internet (RFC 4193)."""
    return network.network_address in _UNIQUE_LOCAL
