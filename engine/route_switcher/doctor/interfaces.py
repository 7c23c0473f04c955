"""Every interface, and for whom this machine forwards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, ip_network
from itertools import chain

from route_switcher.core.vocabulary.policy_rules import Network
from route_switcher.core.vocabulary.uplinks import Family

_LINK_LOCAL = (ip_network("fe80::/10"), ip_network("169.254.0.0/16"))
_UNIQUE_LOCAL = ip_network("fc00::/7")


@dataclass(frozen=True, slots=True)
class Interface:
    """One that is up. The name is the kernel's own."""

    name: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]
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

    def named(self, name: str) -> Interface | None:
        """None: there is none, or it is down."""
        return next((each for each in self.up if each.name == name), None)

    def lans(self, family: Family, uplinks: frozenset[str]) -> Iterator[Lan]:
        """The networks that it forwards for. `uplinks` are the kernel's names of interfaces."""
        for each in self.up:
            if each.name in uplinks or family not in each.forwards or not each.broadcasts:
                continue
            networks = dict.fromkeys(address.network for address in each.addresses)
            for network in networks:
                if network.version == family.value and not _is_for_itself(network):
                    yield Lan(each, network)


def _is_for_itself(network: Network) -> bool:
    """A single host, or what never leaves the link."""
    return network.num_addresses <= 2 or any(
        chain(
            (network.network_address in each for each in _LINK_LOCAL),
            (network.is_loopback, network.is_multicast),
        )
    )


def is_unique_local(network: Network) -> bool:
    """An IPv6 network that is nobody's in the internet (RFC 4193)."""
    return network.network_address in _UNIQUE_LOCAL
