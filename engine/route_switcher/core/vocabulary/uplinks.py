"""Uplinks and their families, as the policy names them."""

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Prefix: TypeAlias = IPv4Network | IPv6Network

DEMOTION = 1000
"""What a demoted standing route has on top of its uplink's metric, or twice that where the kernel
refused it (a DHCP client's route may hold the key). The metrics of a family lie less apart."""


class Family(Enum):
    """An address family. Each has a default route, and so a selection, of its own."""

    IPV4 = 4
    IPV6 = 6

    # As a part of most keys it is hashed all the time, and each is one object: by identity, in C.
    __hash__ = object.__hash__

    def __str__(self) -> str:
        return f"IPv{self.value}"


class UplinkId(NamedTuple):
    """An uplink in a family: what has health, rounds, a next hop and a route of its own.

    `Policy.label` says what a person calls it.
    """

    name: str
    family: Family


def family_of(address: Address) -> Family:
    """The family that `address` belongs to."""
    return Family.IPV4 if address.version == 4 else Family.IPV6


class GatewayMode(Enum):
    """Where the next hop of an uplink comes from whose policy writes no address."""

    AUTO = "auto"
    """It is learned from the default routes of others, in any table."""
    NONE = "none"
    """There is none: a route by the device alone (a point-to-point link)."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Uplink:
    """An interface and the gateway behind it through which the internet of one family is reached.

    Two of different families may have one name. They share the interface then, and rules and
    probes that say the name mean both.
    """

    name: str
    interface: str
    gateway: Address | GatewayMode
    metric: int
    family: Family
    ignore_carrier: bool = False
    """Its carrier counts as there; an interface that is down or missing still fails it."""
    onlink: bool | None = None
    """Whether the gateway is taken to be on the link, though no network of the interface has it.
    None: as the default route says that the machine has through them."""

    id: UplinkId = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make the key."""
        object.__setattr__(self, "id", UplinkId(self.name, self.family))

    @property
    def written_gateway(self) -> Address | None:
        """The gateway that the policy writes; None: it writes no address."""
        return None if isinstance(self.gateway, GatewayMode) else self.gateway

    @property
    def demoted_metric(self) -> int:
        """The metric of the standing route while this uplink is demoted."""
        return self.metric + DEMOTION
