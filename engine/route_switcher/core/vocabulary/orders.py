"""What an operator orders of a running engine, as events: `at` is a time of its clock."""

from dataclasses import dataclass

from route_switcher.core.vocabulary.uplinks import Family


@dataclass(frozen=True, slots=True)
class Switch:
    """The operator prefers `uplink`, in every family that it has, until `until` (seconds on the
    same clock; inf: until released).

    Refused where the uplink is not healthy, unless `force`.
    """

    at: float
    uplink: str
    """Its name."""
    until: float
    force: bool = False
    kept_in: frozenset[Family] = frozenset()
    """The families that took it before a restart: there it holds again, and nothing is asked of
    the uplink now. Empty: it is a new order."""
    back_to: str | None = None
    """What was kept is a drill, and this uplink was active before."""


@dataclass(frozen=True, slots=True)
class Drill:
    """The operator tries whether `uplink` carries the traffic, until `until`.

    Refused as a whole if a family of it cannot move now, or has an order. It ends early where the
    uplink does not hold. No limit delays the return.
    """

    at: float
    uplink: str
    """Its name."""
    until: float


@dataclass(frozen=True, slots=True)
class Release:
    """The operator takes an order back, for the families that `uplink` has."""

    at: float
    uplink: str
    """Its name."""
    until: float | None = None
    """Only the order for that uplink which ends then; None: whatever order stands."""
