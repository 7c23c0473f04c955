"""What the kernel says of the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Interface, IPv6Interface

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.core.vocabulary.ways import Findings, LocalNetwork
from route_switcher.doctor.unread import Unread


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address of this machine."""

    interface: str
    address: IPv4Interface | IPv6Interface
    """With the length of its network; that of a peer is whole."""
    peer: Address | None = None
    """The other end of a link to one host."""
    link_local: bool = False
    deprecated: bool = False
    """Not to be used where there is another (RFC 4862)."""
    tentative: bool = False
    """Nobody may use it yet: it is not certain that no neighbour has it."""
    duplicate: bool = False
    """A neighbour has it, so it is not used."""

    @property
    def family(self) -> Family:
        """Of the address."""
        return Family(self.address.version)


class Neighbour(Enum):
    """Whether a gateway is there."""

    ANSWERS = "answers"
    SILENT = "silent"


NeighbourKey = tuple[str, Address]
"""Interface and gateway."""


@dataclass(frozen=True, slots=True)
class Network:
    """Interfaces of uplinks have the names that the policy gives them; all others the kernel's."""

    links: Mapping[str, LinkState]
    """The interfaces of uplinks."""
    addresses: tuple[HostAddress, ...] = ()
    """Of every interface, the loopback one left out."""
    routes: tuple[Route, ...] = ()
    """The default routes of main and of the tables of the policy; those of others only in the
    families of the uplinks."""
    defaults: tuple[KernelRoute, ...] = ()
    """The default routes of every table, whoever wrote them."""
    learned: tuple[LearnedHop, ...] = ()
    """What the default routes of others tell of next hops."""
    rules: tuple[RoutingRule, ...] = ()
    """Of both families, in the kernel's order."""
    forwarded: tuple[LocalNetwork, ...] = ()
    """The networks whose packets this machine forwards, and that are of no uplink."""
    findings: Findings = field(default_factory=lambda: Findings({}))
    """What the kernel would do with packets (`lines.questions`)."""
    neighbours: Mapping[NeighbourKey, Neighbour | Unread] = field(default_factory=dict)
    """Each gateway that has an Ethernet address, asked just now."""
    used_elsewhere: Mapping[NeighbourKey, str] = field(default_factory=dict)
    """The IPv4 addresses of uplinks that a neighbour has as well, and his Ethernet address."""
