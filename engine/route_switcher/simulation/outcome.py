"""What came of a policy on a network: figures, outages that users saw, and switches."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.uplinks import Family


@dataclass(frozen=True, slots=True)
class Switched:
    """A decision that moved the traffic. `false`: a failover although nothing was wrong with the
    line that was left."""

    decision: Decision
    false: bool


@dataclass(frozen=True, slots=True)
class SeenOutage:
    """An outage that users of `family` saw, from `begins` to `ends`.

    `uplink` was active as it began, None: none was yet; `unavoidable` seconds of it every line was
    dead. It ended with the switch to `switched_to`, or, if that is None, as the line came back or
    the simulation ended.
    """

    begins: float
    ends: float
    family: Family
    uplink: str | None
    unavoidable: float
    switched_to: str | None


@dataclass(slots=True)
class UplinkOutcome:
    """What happened on one uplink, active or not. Times are seconds."""

    active: float = 0.0
    """How long it was active."""
    dead: float = 0.0
    brown: float = 0.0
    """How long its line was dead, and in a brown-out."""
    outages: int = 0
    """How often its line went dead."""
    detected: "array[float]" = field(default_factory=lambda: array("d"))
    """For each outage that a rule found while it lasted: from the line's going dead until then."""
    missed: int = 0
    """Outages that ended before any rule had failed the uplink."""
    probe_bytes: int = 0
    """Bytes of the IP packets that probed it: those sent, and the answers."""
    not_counted: tuple[str, ...] = ()
    """Probes of which nobody knows what they send: `probe_bytes` lacks them."""


@dataclass(slots=True)
class FamilyFigures:
    """What users of one family saw. Times are seconds."""

    outage: float = 0.0
    """How long the active uplink's line was dead, or none was active."""
    unavoidable: float = 0.0
    """The part of `outage` in which every line was dead."""
    worst: float = 0.0
    """The longest outage without a break."""
    outages: int = 0
    brown: float = 0.0
    """How long the active uplink's line was in a brown-out."""
    switches: int = 0
    failovers: int = 0
    false_failovers: int = 0
    fail_backs: int = 0
    detected: "array[float]" = field(default_factory=lambda: array("d"))
    """Times to detect, of the outages of lines that were in use when they went dead."""
    hooks: int = 0
    """How often hooks were due, however many programs each has."""
    missed: int = 0
    """Of these outages, those that ended before any rule had failed the uplink."""

    @property
    def avoidable(self) -> float:
        """Seconds of outage in which another line worked."""
        return self.outage - self.unavoidable


def median(values: Sequence[float]) -> float | None:
    """The middle value, or the mean of the two in the middle; None of none."""
    if not values:
        return None
    ordered, middle = sorted(values), len(values) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
