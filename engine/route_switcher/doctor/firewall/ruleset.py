"""What a packet filter consists of, in the words that nftables and iptables share (nft(8))."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Field(Enum):
    """What a condition looks at."""

    INPUT = "input interface"
    OUTPUT = "output interface"
    SOURCE = "source address"
    DESTINATION = "destination address"
    STATE = "state of the connection"
    FAMILY = "address family"
    PROTOCOL = "protocol"
    ICMP_TYPE = "type of ICMP or ICMPv6 message"
    TO_THIS_HOST = "whether the destination is an address of this machine"
    OTHER = "anything else"


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds if the field has one of the values; if `negated`, if it has none of them."""

    field: Field
    values: tuple[str, ...] = ()
    """Interfaces may end in `*`; addresses are single ones, prefixes, or ranges (`a-b`); families
    are `4` and `6`; protocols and types have the names of nft (`icmpv6`, `echo-request`)."""
    negated: bool = False


class Act(Enum):
    """What a rule does with a packet that fulfils its conditions."""

    NOTHING = "nothing"
    """The next rule is asked."""
    MASQUERADE = "masquerade"
    SOURCE_NAT = "snat"
    ACCEPT = "accept"
    DROP = "drop"
    """Also a rejection."""
    RETURN = "return"
    JUMP = "jump"
    GOTO = "goto"
    CLAMP = "clamp"
    """It lowers the largest segment of TCP; then the next rule is asked."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    """If all conditions hold, the act."""

    conditions: tuple[Condition, ...]
    act: Act
    target: str = ""
    """The chain of a jump or goto."""
    addresses: tuple[str, ...] = ()
    """What a source NAT writes (as in `Condition.values`); none: not a plain address."""


class ChainId(NamedTuple):
    """Which chain."""

    writer: str
    """The program that shows it: `nft`, or one of those of iptables (`iptables-nft`)."""
    family: str
    """`ip`, `ip6`, `inet`, `netdev` or `arp`."""
    table: str
    name: str


ARP = "arp"
"""The family of chains about ARP."""


class Hook(Enum):
    """Where a chain is asked."""

    PREROUTING = "prerouting"
    INPUT = "input"
    FORWARD = "forward"
    OUTPUT = "output"
    POSTROUTING = "postrouting"
    INGRESS = "ingress"
    """Of a device, before anything else."""
    EGRESS = "egress"
    """Of a device, after anything else."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A list of rules. A base chain has a hook, others are reached by a jump only."""

    id: ChainId
    rules: tuple[Rule, ...]
    hook: Hook | None = None
    translates: bool = False
    """It is of the type `nat`: asked for the first packet of a connection."""
    priority: int = 0
    drops: bool = False
    """What reaches its end is dropped."""
    devices: tuple[str, ...] = ()
    """Of a chain at `INGRESS` or `EGRESS`: it is asked about what goes through these only."""

    def concerns(self, version: int) -> bool:
        """Whether packets of IPv4 (4) or IPv6 (6) are asked about here."""
        return self.id.family in ("inet", "netdev", "ip" if version == 4 else "ip6")


@dataclass(frozen=True, slots=True)
class Firewall:
    """All chains of this network namespace."""

    chains: Mapping[ChainId, Chain]

    def base(self, hook: Hook, version: int, *, translating: bool) -> list[Chain]:
        """The base chains of one kind there, in the order in which they are asked."""
        found = [
            chain
            for chain in self.chains.values()
            if chain.hook is hook and chain.translates is translating and chain.concerns(version)
        ]
        return sorted(found, key=lambda chain: chain.priority)

    def of_device(self, hook: Hook, version: int, device: str) -> list[Chain]:
        """The base chains of a device at its ingress or egress, in that order."""
        chains = self.base(hook, version, translating=False)
        return [chain for chain in chains if device in chain.devices]

    def of_arp(self, hook: Hook) -> list[Chain]:
        """The base chains that are asked about ARP."""
        return [c for c in self.chains.values() if c.id.family == ARP and c.hook is hook]
