"""Probes and their targets, as the policy declares them. Durations are seconds."""

from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.uplinks import Address, Family, family_of

Quorum: TypeAlias = Literal["any", "all"] | int
"""How many of a round's targets must answer for the round to be good."""


def answers_needed(quorum: Quorum, targets: int) -> int:
    """How many of `targets` must answer; a count shrinks to the number of targets there are."""
    if quorum == "any":
        return 1
    if quorum == "all":
        return targets
    return min(quorum, targets)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a probe asks, by the name that people know it by: an address in its shortest form, or a
    name that is looked up through the uplink."""

    name: str
    family: Family | None = field(default=None, hash=False)
    """The only family in which it can be asked; None: it can be asked in each."""
    address: str = field(default="", compare=False, repr=False)
    """The address that is asked; empty: it is to be looked up, or the check needs none."""
    resolvers: tuple[Address, ...] | None = field(default=None, hash=False)
    """Whom to ask for the address of a name; empty: those of the system. None: it is no name that
    is looked up."""

    @classmethod
    def at(cls, address: Address) -> Self:
        """The target with this address."""
        return cls(str(address), family_of(address), str(address))

    @classmethod
    def named(cls, name: str, resolvers: tuple[Address, ...] = ()) -> Self:
        """The target with this name, which is looked up with these resolvers."""
        return cls(name, resolvers=resolvers)

    @property
    def is_looked_up(self) -> bool:
        """Whether it is a name that needs a lookup."""
        return self.resolvers is not None

    @classmethod
    def of_uplink(cls, name: str) -> Self:
        """What each uplink has for itself, such as its gateway. The prober knows what to ask."""
        return cls(name)

    def __str__(self) -> str:
        return self.name

    @property
    def is_of_uplink(self) -> bool:
        """Whether it is no host of the policy, but what each uplink has for itself."""
        return not self.address and not self.is_looked_up

    def is_asked_in(self, family: Family) -> bool:
        """Whether uplinks of `family` ask it."""
        return self.family is None or self.family is family


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A check repeated through its uplinks, of each target that the uplink's family can ask."""

    name: str
    check: Check
    """How the targets are asked."""
    targets: tuple[Target, ...]
    quorum: Quorum
    interval: float
    """Seconds from one sending to the next; at least `timeout`, so rounds never overlap."""
    timeout: float
    """Seconds that an answer may take."""
    fast_interval: float
    """Seconds from one sending to the next while a failure is being confirmed; at least `timeout`,
    at most `interval`."""
    down_interval: float
    """Seconds from one sending to the next through a failed uplink; at least `interval`."""
    standby_interval: float
    """Seconds from one sending to the next through a healthy uplink that is not active, while the
    active one is healthy too; at least `interval`."""
    uplinks: tuple[str, ...] | None = None
    """The names of the uplinks that it goes through; None: every one."""

    def goes_through(self, uplink: str) -> bool:
        """Whether its rounds go through this uplink."""
        return self.uplinks is None or uplink in self.uplinks

    def targets_for(self, family: Family) -> tuple[Target, ...]:
        """The targets that can be asked through an uplink of `family`, in the file's order."""
        return tuple(target for target in self.targets if target.is_asked_in(family))
