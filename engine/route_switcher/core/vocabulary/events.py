"""What the core is told. Every event says at what time (seconds on a monotonic clock) it is told.

Events are given to the engine in the order of their times, except a round, which may have waited
for a moment while a change was carried out: the rounds of one probe and uplink are always in order.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.hooks import Delivered, Hook, HookSubject
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Route, RouteAction
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Address, Family, UplinkId
from route_switcher.core.vocabulary.ways import Findings


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one target in one round: `rtt` in seconds, or None and a reason in words.

    `pending`: the round was certain before it was known; where a window counts the probe, an
    `Answers` will tell. Without `asked` the request could not be sent, or its answer not received,
    for a reason that says nothing of the uplink. `layer` is what is broken, where that is not what
    the check is about.
    """

    target: Target
    rtt: float | None
    reason: str = ""
    pending: bool = False
    asked: bool = True
    layer: Layer | None = None


def by_target(targets: Sequence[Target], answers: Iterable[Answer]) -> Iterator[tuple[int, Answer]]:
    """The answers of targets that could be asked, each with the position of its target; those of
    targets that are not among `targets` are left out."""
    for position, answer in enumerate(answers):
        if not answer.asked:
            continue
        # Targets are slow to compare, and a round tells of its targets in their order.
        if position < len(targets) and targets[position] is answer.target:
            yield position, answer
        elif answer.target in targets:
            yield targets.index(answer.target), answer


@dataclass(frozen=True, slots=True)
class Round:
    """One execution of a probe through one uplink, told when its outcome is certain.

    `sent_at` is when it was sent. Rounds are told, and count, in the order of sending. Those that
    were asked for may overlap; a good one is told at once, and what is still open of those before
    it is never told.
    """

    at: float
    uplink: UplinkId
    probe: str
    sent_at: float
    outcome: RoundOutcome
    answers: tuple[Answer, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of targets after their round was told: those that it did not wait for, and those
    that answered after the timeout (`rtt` is longer than it then). It changes no outcome."""

    at: float
    uplink: UplinkId
    probe: str
    sent_at: float
    """When the round was sent, as in its `Round`."""
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class LinkState:
    """What the kernel says of one interface now."""

    interface: str
    present: bool = True
    up: bool = True
    """Administratively up (IFF_UP)."""
    carrier: bool = True
    """IFF_LOWER_UP: a cable with something at its other end."""
    families: frozenset[Family] = frozenset(Family)
    """The families of which the interface has a usable address."""
    name: str = ""
    """The kernel's own name, where `interface` is another that it knows it by (an altname)."""
    addresses: frozenset[Address] = frozenset()
    """The addresses of the interface by which it reaches out, as far as the kernel tells them."""
    point_to_point: bool = False
    """The link has one other end (IFF_POINTOPOINT), so no gateway need be named."""

    @classmethod
    def missing(cls, interface: str, name: str = "") -> "LinkState":
        """An interface that is not there."""
        return cls(interface, False, False, False, frozenset(), name)

    @property
    def own_name(self) -> str:
        """The kernel's own name of it, or the one that nothing is known by."""
        return self.name or self.interface

    @property
    def connected(self) -> bool:
        """Present, up, and with a carrier."""
        return self.present and self.up and self.carrier


@dataclass(frozen=True, slots=True)
class Links:
    """Interfaces of uplinks changed: all that one piece of news tells of. Links that are lost
    together are all lost before anything is decided."""

    at: float
    states: tuple[LinkState, ...]
    routes: tuple[Route, ...] | None = None
    """Our routes, by the names that interfaces have now; None: by the same names as before."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Every default route of ours in any table, and those of others in main and in the table of the
    traffic, of both families, as read now."""

    at: float
    routes: tuple[Route, ...]
    rules: tuple[RoutingRule, ...] = ()
    """The rules of ours, in the kernel's order."""


@dataclass(frozen=True, slots=True)
class NextHops:
    """Every next hop that default routes of others tell of now: those through the interfaces of
    uplinks, of both families, in all tables. It is told after the links that belong to it."""

    at: float
    hops: tuple[LearnedHop, ...]


@dataclass(frozen=True, slots=True)
class Ways:
    """What the kernel says of the ways of packets, asked since the latest change of routes."""

    at: float
    findings: Findings


@dataclass(frozen=True, slots=True)
class Start:
    """The first event: what the engine found."""

    at: float
    links: tuple[LinkState, ...]
    routes: tuple[Route, ...]
    next_hops: tuple[LearnedHop, ...] = ()
    rules: tuple[RoutingRule, ...] = ()
    asks: bool = False
    """Whether the kernel's answers about ways will be told, as `Ways`."""
    delivered: Delivered | None = field(default_factory=Delivered)
    """What hooks were told before the start; None: `LastDelivered` will tell."""


@dataclass(frozen=True, slots=True)
class LastDelivered:
    """What hooks were told before the start, which is known now."""

    at: float
    delivered: Delivered


@dataclass(frozen=True, slots=True)
class HookEnded:
    """A run of a hook about `subject` has ended."""

    at: float
    hook: Hook
    subject: HookSubject
    problem: str = ""
    """Why it failed, in words; empty: it ended with exit code 0."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of rounds by the default route, which led through `uplink` since the decision at
    `decided_at`: of each probe the outcome, and the reason in words."""

    at: float
    uplink: UplinkId
    decided_at: float
    rounds: tuple[tuple[str, RoundOutcome, str], ...]


@dataclass(frozen=True, slots=True)
class ConnectionsEnded:
    """What was asked for at `asked_at` (`EndConnections`) is done, or cannot be done."""

    at: float
    family: Family
    asked_at: float


@dataclass(frozen=True, slots=True)
class Applied:
    """The kernel was brought to the plans by these actions, which it acknowledged; perhaps none."""

    at: float
    actions: tuple[RouteAction, ...]
    unfinished: bool = False
    """Whether routes are left that should go: they were too many for one time."""
    rules: tuple[RoutingRuleAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The kernel refused a route action; `reason` says why, in words."""

    at: float
    action: RouteAction
    reason: str


@dataclass(frozen=True, slots=True)
class RefusedRule:
    """The kernel refused a rule action; `reason` says why, in words."""

    at: float
    action: RoutingRuleAction
    reason: str


@dataclass(frozen=True, slots=True)
class Reload:
    """A new policy takes effect. `links` tells of every interface that it names, and `routes` and
    `next_hops` of the default routes, by its names; None: as before."""

    at: float
    policy: Policy
    links: tuple[LinkState, ...]
    routes: tuple[Route, ...] | None = None
    next_hops: tuple[LearnedHop, ...] | None = None
    rules: tuple[RoutingRule, ...] | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """The time that `Engine.deadline` asked for has come."""

    at: float


Event: TypeAlias = (
    Start
    | Round
    | Answers
    | Links
    | NextHops
    | Routes
    | Ways
    | Applied
    | Refused
    | RefusedRule
    | Switch
    | Drill
    | Release
    | Reload
    | LastDelivered
    | HookEnded
    | Verified
    | ConnectionsEnded
    | Tick
)
