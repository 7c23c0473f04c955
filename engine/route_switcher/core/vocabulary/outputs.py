"""What the core says: what is told, and the effects, which are to be carried out."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from route_switcher.core.vocabulary.effects import Effect
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause, RuleState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId


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
    again: bool = False
    """It went a short time ago as well: one notice tells of all that goes again and again."""


@dataclass(frozen=True, slots=True)
class RoutingRuleLost:
    """A routing rule of ours has gone though the engine did not take it away."""

    at: float
    rule: RoutingRule
    again: bool = False
    """As of `RouteLost`."""


Told: TypeAlias = Decision | RuleChange | Notice | RouteLost | RoutingRuleLost
"""What is told, and asks nothing of the driver but what the plans say."""

Output: TypeAlias = Told | Effect
