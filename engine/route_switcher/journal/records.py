"""What stands in a journal beside the events and outputs of the core."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from route_switcher.core.vocabulary.events import Event, LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId


@dataclass(frozen=True, slots=True)
class Began:
    """An engine has begun. The policy's text is the `PolicyText` of this digest."""

    at: float
    version: str
    """Of the program."""
    boot: str
    """The number of the boot (random(4), boot_id)."""
    ahead: float
    """Seconds that CLOCK_MONOTONIC was ahead of the engine's clock, which goes at the same pace."""
    policy: str


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The text of a policy. Empty: it is not known."""

    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known where a file begins in the middle of a run: the files before it may be gone."""

    at: float
    version: str
    boot: str
    ahead: float
    policy: str
    links: tuple[LinkState, ...]
    routes: tuple[Route, ...]
    rules: tuple[RoutingRule, ...]
    next_hops: tuple[LearnedHop, ...]
    active: tuple[tuple[Family, str], ...]
    """The selected uplink of each family."""
    states: tuple[tuple[UplinkId, str, RuleState], ...]
    """The states of rules, as far as they have changed in this run."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The event `Reload`, with the digest of the policy's text in place of the policy."""

    at: float
    policy: str
    links: tuple[LinkState, ...]
    routes: tuple[Route, ...] | None = None
    next_hops: tuple[LearnedHop, ...] | None = None
    rules: tuple[RoutingRule, ...] | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """So many events and outputs are missing here, for a reason in words. What follows cannot be
    replayed before an engine begins again."""

    at: float
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The engine was stopped. Without it, it was killed or the machine lost its power."""

    at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of the rounds of one probe through one uplink in a time: sums, so that a reader of
    months need not count them."""

    uplink: UplinkId
    probe: str
    good: int
    failed: int
    unknown: int
    asked: int
    """Targets asked, over all rounds whose outcome is known."""
    answered: int
    rtts: tuple[tuple[int, int], ...]
    """How many answers fell into each class of round-trip times (`summary.class_of`)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of all rounds since the summary before, or since the engine or the file began."""

    at: float
    since: float
    heard: tuple[Heard, ...]


class Count(NamedTuple):
    """So many rounds of a probe through an uplink."""

    uplink: UplinkId
    probe: str
    rounds: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The reader left out rounds that nobody wants, the latest of them from `at` on."""

    at: float
    counted: tuple[Count, ...] = ()
    """Of these only the number was wanted: each is like the round of its probe before."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Records that this program cannot read: of a later version, or they need what was lost."""

    count: int = field(default=1)


OWN_RECORDS = (Began, PolicyText, Standing, Reloaded, Lost, Ended, Heard, Summary)
"""Those that are written."""

Record: TypeAlias = (
    Event
    | Output
    | Began
    | PolicyText
    | Standing
    | Reloaded
    | Lost
    | Ended
    | Summary
    | LeftOut
    | Unread
)
"""`Reload` never: a `Reloaded` takes its place."""
