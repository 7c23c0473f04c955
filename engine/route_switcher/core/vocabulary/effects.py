"""What is to be done once by whoever drives the engine: the daemon, or the virtual world.

What should *be*, such as a route, is part of a plan, and is no effect.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.hooks import Hook
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Address, Family, UplinkId


class _Effect(ABC):
    """What every effect says of itself for the log, where it is one line at debug level."""

    __slots__ = ()

    log_event: ClassVar[str | None]
    """The event that the line has in the JSON form; None: there is no line."""

    after_routes: ClassVar[bool] = False
    """Whether it waits until the routes and rules of the same event are in."""

    @abstractmethod
    def describe(self, policy: Policy) -> str:
        """On one line; `policy` is the one in effect."""

    def log_fields(self) -> dict[str, object]:
        """The fields that the line has in the JSON form only."""
        return {}


@dataclass(frozen=True, slots=True)
class Reconcile(_Effect):
    """The kernel is to be brought to the plans now, though they have not changed."""

    log_event = None  # what it leads to is told

    at: float

    def describe(self, policy: Policy) -> str:
        """The same for every policy."""
        return "the routes are to be put back"


@dataclass(frozen=True, slots=True)
class ProbeNow(_Effect):
    """The active uplink failed, and `uplink` may replace it once it answers, or has replaced it
    without an answer: ask it at once.

    `again`: it was asked at once before, and none answers yet. The next round is sent
    `pace.apart` seconds after the latest, or at once if that is past.
    """

    log_event = "probe-now"

    at: float
    uplink: UplinkId
    again: bool = False

    def describe(self, policy: Policy) -> str:
        """Names the uplink."""
        return f"{policy.label(self.uplink)}: asked for a round at once"


@dataclass(frozen=True, slots=True)
class SpeedChange(_Effect):
    """From now on the rounds through `uplink` go at this speed. Before the first, it is normal."""

    log_event = "speed"

    at: float
    uplink: UplinkId
    speed: Speed

    def describe(self, policy: Policy) -> str:
        """Names the uplink and the speed."""
        return f"{policy.label(self.uplink)}: rounds go at the {self.speed.value} speed"

    def log_fields(self) -> dict[str, object]:
        """The uplink, its family and the speed."""
        uplink = self.uplink
        return {"uplink": uplink.name, "family": str(uplink.family), "speed": self.speed.value}


@dataclass(frozen=True, slots=True)
class AskWays(_Effect):
    """The kernel is to be asked soon which ways packets take: a name of a target has another
    address."""

    log_event = "ask-ways"

    at: float
    uplink: UplinkId
    targets: tuple[Target, ...]

    def describe(self, policy: Policy) -> str:
        """Names the uplink, the targets and their addresses."""
        named = ", ".join(f"{target} is {target.address}" for target in self.targets)
        return f"{policy.label(self.uplink)}: {named}"

    def log_fields(self) -> dict[str, object]:
        """The uplink, its family, and the address of each name."""
        return {
            "uplink": self.uplink.name,
            "family": str(self.uplink.family),
            "addresses": {target.name: target.address for target in self.targets},
        }


@dataclass(frozen=True, slots=True)
class LeaveOut(_Effect):
    """From now on the rounds through `uplink` do not ask these targets, each for a reason in words.
    It takes the place of what was said of this uplink before."""

    log_event = "leave-out"

    at: float
    uplink: UplinkId
    targets: tuple[tuple[Target, str], ...]

    def describe(self, policy: Policy) -> str:
        """Names the uplink and the targets."""
        label = policy.label(self.uplink)
        if not self.targets:
            return f"{label}: rounds ask every target"
        return f"{label}: rounds leave out {', '.join(t.name for t, _ in self.targets)}"

    def log_fields(self) -> dict[str, object]:
        """The uplink and the targets."""
        its, family = self.uplink
        return {"uplink": its, "family": str(family), "targets": [t.name for t, _ in self.targets]}


@dataclass(frozen=True, slots=True)
class RunHook(_Effect):
    """A program is to be run once, and told of `moment`. How it ended is an event, `HookEnded`:
    until then it is not run again about the same subject."""

    log_event = "hook-due"
    after_routes = True

    at: float
    hook: Hook
    moment: Moment
    attempt: int
    """From 1 on."""

    def describe(self, policy: Policy) -> str:
        """Names the program, and what it is about."""
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        return f"{self.hook.label} is due ({self.about(policy)}{again})"

    def about(self, policy: Policy) -> str:
        """What it is about, as a person calls it."""
        subject = self.moment.subject
        return policy.label(subject) if isinstance(subject, UplinkId) else str(subject)

    def log_fields(self) -> dict[str, object]:
        """The program, and what it is about."""
        its = self.moment.uplink
        return {
            "hook": self.hook.kind.value,
            "run": list(self.hook.run),
            "family": str(self.moment.family),
            "uplink": None if its is None else its.uplink.name,
            "attempt": self.attempt,
        }


@dataclass(frozen=True, slots=True)
class VerifyingRound:
    """A round that is bound to no interface: so many of the targets must answer, each within
    `timeout` seconds."""

    probe: str
    check: Check
    targets: tuple[Target, ...]
    needed: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Verify(_Effect):
    """The targets of `uplink` are to be asked by the default route, which leads through it since
    the decision at `decided_at`. A round that fails is made once more. `Verified` tells what came
    of it."""

    log_event = "verify"

    at: float
    uplink: UplinkId
    decided_at: float
    rounds: tuple[VerifyingRound, ...]

    def describe(self, policy: Policy) -> str:
        """Names the uplink and the probes."""
        probes = ", ".join(each.probe for each in self.rounds)
        return f"{policy.label(self.uplink)}: targets are asked by the default route ({probes})"

    def log_fields(self) -> dict[str, object]:
        """The uplink."""
        return {"uplink": self.uplink.name, "family": str(self.uplink.family)}


@dataclass(frozen=True, slots=True)
class EndConnections(_Effect):
    """Connections that stick to what was left are to be ended: those of `family` whose source was
    translated, and whose replies go to one of `addresses` (None: to any). `ConnectionsEnded` tells
    what came of it. It is of no use any more once another uplink than `active` is active."""

    log_event = "conntrack-due"
    after_routes = True

    at: float
    family: Family
    active: str
    """The name of the uplink that is active now."""
    left: tuple[str, ...]
    """The names of those that were left, or whose address has changed."""
    addresses: tuple[Address, ...] | None
    again: bool = False
    """The second time: for what came by the old way while the first went on."""

    def describe(self, policy: Policy) -> str:
        """Names the uplinks and addresses."""
        again = " once more" if self.again else ""
        return f"{self.family}: {self.which} are to be ended{again}"

    @property
    def which(self) -> str:
        """The connections, as a part of a sentence."""
        if self.addresses is None:
            return "all translated connections"
        stick = f"connections that stick to {', '.join(self.left)}"
        return f"{stick} ({', '.join(map(str, self.addresses))})"

    def log_fields(self) -> dict[str, object]:
        """The family, the uplinks and the addresses."""
        return {
            "family": str(self.family),
            "left": list(self.left),
            "addresses": None if self.addresses is None else [str(a) for a in self.addresses],
            "again": self.again,
        }


Effect: TypeAlias = (
    Reconcile | ProbeNow | SpeedChange | AskWays | LeaveOut | RunHook | Verify | EndConnections
)
