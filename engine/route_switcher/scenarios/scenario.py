"""What a scenario file means: courses of events, and what is expected of the policy.

Times are nanoseconds from the start of the scenario. Every name is one that a policy of the
scenario has; every claim knows its place in the file.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import TypeAlias

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RuleState, UplinkState
from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.policy.load import Loaded
from route_switcher.policy.problems import Span
from route_switcher.policy.yaml.reader import Document
from route_switcher.scenarios.hook_claims import HooksAre
from route_switcher.scenarios.series import Part

DAMPED = "damped"
"""What the state of a healthy uplink is called that is held back."""


class LinkWord(Enum):
    """What becomes of a link."""

    CONNECTED = "connected"
    UNPLUGGED = "unplugged"
    DOWN = "down"
    MISSING = "missing"
    WITHOUT_ADDRESS = "without-address"


@dataclass(frozen=True, slots=True)
class Rounds:
    """What becomes of the rounds through one uplink: of every target, of one, or of one probe."""

    uplink: str
    target: Target | None
    parts: tuple[Part, ...]
    probe: str | None = None


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """The link of an uplink's interface changes."""

    uplink: str
    becomes: LinkWord


@dataclass(frozen=True, slots=True)
class NextHopEvent:
    """The default routes of others by an uplink's interface lead to another next hop, or there are
    none any more (None). `families` are those of the uplink that it is about."""

    uplink: str
    families: tuple[Family, ...]
    gateway: Address | None


@dataclass(frozen=True, slots=True)
class SwitchEvent:
    """The operator orders the traffic to an uplink, for some seconds."""

    uplink: str
    seconds: float = inf
    force: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseEvent:
    """The operator takes an order back."""

    uplink: str


@dataclass(frozen=True, slots=True)
class RestartEvent:
    """The engine ends and starts again."""


@dataclass(frozen=True, slots=True)
class ReloadEvent:
    """A policy takes effect."""

    policy: Policy


ScenarioEvent: TypeAlias = (
    LinkEvent | NextHopEvent | SwitchEvent | ReleaseEvent | RestartEvent | ReloadEvent
)


@dataclass(frozen=True, slots=True)
class ActiveIs:
    """An uplink is active in its family; NONE: no uplink of any family is."""

    span: Span
    uplink: str


@dataclass(frozen=True, slots=True)
class SwitchesAre:
    """So many switches have been made."""

    span: Span
    count: int


@dataclass(frozen=True, slots=True)
class ReasonIs:
    """The latest selection had this cause (in lower case, with '-'), or came from this rule."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class RuleIs:
    """A rule says this of an uplink."""

    span: Span
    rule: str
    uplink: str
    state: RuleState


@dataclass(frozen=True, slots=True)
class UplinkIs:
    """An uplink is in this state; None: it is healthy, but damped."""

    span: Span
    uplink: str
    state: UplinkState | None


Assertion: TypeAlias = ActiveIs | SwitchesAre | HooksAre | ReasonIs | RuleIs | UplinkIs


@dataclass(frozen=True, slots=True)
class Expectation:
    """Claims about the moment `until`, or (`since` is not None) about all the time up to it."""

    until: int
    assertions: tuple[Assertion, ...]
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One course of events, and what is expected."""

    name: str
    span: Span
    rounds: tuple[Rounds, ...]
    events: tuple[tuple[int, ScenarioEvent], ...]
    """In the order of their times."""
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """The scenarios of one file, all of one policy. `origin` is what messages call the file."""

    origin: str
    document: Document
    loaded: Loaded
    scenarios: tuple[Scenario, ...]
