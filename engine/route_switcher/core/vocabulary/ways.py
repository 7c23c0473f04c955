"""What is found out of the ways that packets take, beside the answers to questions (`lookups`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from route_switcher.core.vocabulary.lookups import Answer, Lookup
from route_switcher.core.vocabulary.policy_rules import Network, RoutingRule
from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family


@dataclass(frozen=True, slots=True)
class LocalNetwork:
    """A network whose packets this machine forwards; it is of no uplink."""

    interface: str
    host: Address
    """An address in it that is not this machine's."""


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """A route of any table that lets no packet through, such as a blackhole."""

    kind: RouteKind
    destination: Network
    table: int
    metric: int
    protocol: int
    """Who wrote it (`routes.PROTOCOL_NAMES`)."""

    @property
    def family(self) -> Family:
        """The family of the packets."""
        return Family(self.destination.version)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the kernel says of ways, all read at about the same time."""

    answers: Mapping[Lookup, Answer]
    rules: tuple[RoutingRule, ...] = ()
    """Of both families, in the kernel's order."""
    dead_ends: tuple[DeadEnd, ...] = ()
    """Those that one of the refused questions may have met."""
    own_names: Mapping[str, str] = field(default_factory=dict)
    """The kernel's own names of the interfaces that questions call otherwise, by an altname. Rules
    are written with names, and the kernel compares these with its own."""
