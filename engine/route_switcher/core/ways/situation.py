"""What the ways are held against: the uplinks and the plan of this moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import Address, Family, Uplink, UplinkId
from route_switcher.core.vocabulary.ways import LocalNetwork
from route_switcher.core.ways.comparison import Uplinks
from route_switcher.core.ways.questions import (
    NO_NAMES,
    Carrier,
    Line,
    address_of,
    probe_questions,
    targets_through,
    traffic_questions,
)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that is known where questions are made and answers are judged."""

    policy: Policy
    lines: tuple[Line, ...]
    """The uplinks that have a next hop, in order of preference."""
    carriers: Mapping[Family, Carrier]
    """Missing where the traffic cannot be judged: nothing is selected, or its route is not there,
    or its link carries nothing."""
    named: frozenset[Family] = frozenset()
    """The families in which a foreign default route decides, and a person was told of it."""
    addresses: Mapping[UplinkId, Mapping[Target, Address]] = field(default_factory=dict)
    """The addresses that names of targets had last, through each uplink."""

    def address_of(self, target: Target, uplink: UplinkId) -> Address | None:
        """The address that is asked through an uplink; None: it is a name, and not known."""
        return address_of(target, self.addresses.get(uplink, NO_NAMES))

    def targets_through(self, uplink: Uplink) -> tuple[Address, ...]:
        """The addresses that the probes of an uplink ask, each once."""
        named = self.addresses.get(uplink.id, NO_NAMES)
        return targets_through(self.policy, uplink, named)

    def uplinks(self, family: Family) -> Uplinks:
        """All uplinks of a family."""
        lines = [line for line in self.lines if line.uplink.family is family]
        addresses: dict[Address, frozenset[str]] = {}
        for line in lines:
            for address in line.addresses:
                others = addresses.get(address, frozenset())
                addresses[address] = others | {line.uplink.interface}
        return Uplinks(frozenset(u.interface for u in self.policy.uplinks_of(family)), addresses)

    def targets(self, family: Family) -> tuple[Address, ...]:
        """All that is asked in a family, each once."""
        found = map(self.targets_through, self.policy.uplinks_of(family))
        return tuple(dict.fromkeys(address for some in found for address in some))

    def questions(
        self, networks: Iterable[LocalNetwork], *, few: bool = False
    ) -> tuple[Lookup, ...]:
        """What is to be asked; `few`: about one target of each family and uplink."""
        networks, most = tuple(networks), 1 if few else None
        asked: dict[Lookup, None] = {}
        for family, carrier in self.carriers.items():
            targets = self.targets(family)[:most]
            asked |= dict.fromkeys(traffic_questions(carrier, targets, networks))
        for line in self.lines:
            if line.connected:
                targets = self.targets_through(line.uplink)[:most]
                asked |= dict.fromkeys(probe_questions(line, targets))
        return tuple(asked)
