"""Questions about the way that a packet would take, and what the kernel answers (RTM_GETROUTE)."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from route_switcher.core.vocabulary.kernel_routes import KernelRoute
from route_switcher.core.vocabulary.uplinks import Address, Family, family_of


class Payload(Enum):
    """What the packet carries. A rule may look at it (ip-rule(8), `ipproto`)."""

    ICMP = "icmp"
    """ICMPv6 in IPv6."""
    TCP = "tcp"
    UDP = "udp"


IP_PROTOCOLS = {
    (Family.IPV4, Payload.ICMP): 1,
    (Family.IPV6, Payload.ICMP): 58,
    (Family.IPV4, Payload.TCP): 6,
    (Family.IPV6, Payload.TCP): 6,
    (Family.IPV4, Payload.UDP): 17,
    (Family.IPV6, Payload.UDP): 17,
}
"""The protocol number of each payload (IANA, Assigned Internet Protocol Numbers)."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question. Make it with the functions of this file: each says what it asks.

    Interfaces have the names that the policy gives them.
    """

    destination: Address
    source: Address | None = None
    out_interface: str | None = None
    """The interface that the sender's socket is bound to."""
    in_interface: str | None = None
    """The interface that the packet came in by."""
    payload: Payload | None = None
    mark: int | None = None
    """The firewall mark that the packet carries."""
    with_exceptions: bool = False
    """Count in what was learned for single destinations: ICMP redirects and path MTUs. The answer
    is then about one flow and says less of the route (`KernelRoute.for_one_flow`)."""

    @property
    def family(self) -> Family:
        """The family of the packet."""
        return family_of(self.destination)


@dataclass(frozen=True, slots=True)
class Refused:
    """The kernel would not send, forward or accept the packet."""

    code: int
    """The errno."""
    reason: str
    """What it means, in plain words."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The kernel has not said; `reason` tells why. Nothing may be concluded from it."""

    reason: str


Answer: TypeAlias = KernelRoute | Refused | Unanswered


def own_traffic(destination: Address, mark: int | None = None) -> Lookup:
    """Which way do this machine's own packets take? True of unbound sockets, with one exception:
    see `own_connection`."""
    return Lookup(destination, mark=mark)


def own_connection(destination: Address, source: Address, mark: int | None = None) -> Lookup:
    """Which way do connected IPv4 sockets (TCP) take?

    connect(2) looks up twice in IPv4: first as `own_traffic`, then from the address that this gave.
    So `source` is that address. A rule `from ADDRESS` matches the second only.
    """
    return Lookup(destination, source=source, mark=mark)


def forwarded_traffic(
    destination: Address,
    source: Address,
    in_interface: str,
    payload: Payload = Payload.TCP,
    mark: int | None = None,
) -> Lookup:
    """Which way do packets take that `source`, a host behind `in_interface`, sends through us?"""
    return Lookup(destination, source=source, in_interface=in_interface, payload=payload, mark=mark)


def bound_probe(
    destination: Address,
    out_interface: str,
    payload: Payload = Payload.ICMP,
    mark: int | None = None,
) -> Lookup:
    """Which way do probes take, from a socket that is bound to `out_interface`?

    Without the source, though the socket may be bound to one: with it the interface is no more
    than a wish in an IPv6 question, and the answer names another, which the socket never takes.
    """
    return Lookup(destination, out_interface=out_interface, payload=payload, mark=mark)


def with_redirects(lookup: Lookup) -> Lookup:
    """The same question, where what was learned for this one destination counts too."""
    return replace(lookup, with_exceptions=True)


def accepted_answer(own_address: Address, sender: Address, in_interface: str) -> Lookup:
    """Would an IPv4 packet from `sender` to `own_address` be accepted at `in_interface`?

    A route of kind LOCAL: yes. `Refused`: no, by a strict rp_filter for instance. IPv6 has no
    such filter in the kernel, and no answer to this.
    """
    return Lookup(own_address, source=sender, in_interface=in_interface)
