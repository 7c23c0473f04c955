"""What the core says: decisions, changes of rules, notices, and requests for a round at once."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from route_switcher.core.vocabulary.policy import Family, UplinkId
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause, RuleState, Speed


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule went from one state to another, and why."""

    at: float
    uplink: UplinkId
    rule: str
    before: RuleState
    after: RuleState
    evidence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The selection of a family changed from `previous` to `selected`.

    `rules` are the rules that failed the previous uplink, if one did, and `evidence` says in words
    what is known of both. `since` is when the trouble began, None if there was none.
    """

    at: float
    family: Family
    previous: str | None
    selected: str
    cause: Cause
    rules: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    since: float | None = None


class Level(Enum):
    """How much a notice matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    """There is no way out that the engine could take: a person is needed."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know that changes no state."""

    at: float
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class RouteLost:
    """A route of ours has gone though the engine did not take it away; `by` whom, in words."""

    at: float
    route: Route
    by: str


@dataclass(frozen=True, slots=True)
class Reconcile:
    """The kernel is to be brought to the plans now, though they have not changed."""

    at: float


@dataclass(frozen=True, slots=True)
class ProbeNow:
    """The active uplink failed, and `uplink` may replace it once it answers, or has replaced it
    without an answer: ask it at once.

    `again`: it was asked at once before, and none answers yet. The next round is sent
    `pace.apart` seconds after the latest, or at once if that is past.
    """

    at: float
    uplink: UplinkId
    again: bool = False


@dataclass(frozen=True, slots=True)
class SpeedChange:
    """From now on the rounds through `uplink` go at this speed. Before the first, it is normal."""

    at: float
    uplink: UplinkId
    speed: Speed


Output: TypeAlias = Decision | RuleChange | Notice | RouteLost | Reconcile | ProbeNow | SpeedChange
