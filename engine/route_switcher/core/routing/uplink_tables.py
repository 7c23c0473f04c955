"""In which tables the routes of each uplink stand."""

from dataclasses import dataclass, field
from typing import Self

from route_switcher.core.vocabulary.policy import Placement, Policy


@dataclass(frozen=True, slots=True)
class UplinkTables:
    """What a policy says about tables."""

    placement: Placement = field(default_factory=Placement)
    names: tuple[str, ...] = ()
    """The uplinks of the policy, in order of preference."""

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """Those of `policy`."""
        return cls(policy.placement, policy.names)

    def small(self, name: str) -> int | None:
        """The table that has nothing but the default route of this uplink; None: there is none."""
        if not self.placement.own or name not in self.names:
            return None
        return self.placement.table_of(self.names.index(name))

    @property
    def all(self) -> frozenset[int]:
        """Every table that the routes of a policy stand in."""
        small = (self.small(name) for name in self.names)
        return frozenset({self.placement.table, *(t for t in small if t is not None)})
