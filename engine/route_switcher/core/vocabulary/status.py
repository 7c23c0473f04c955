"""What the engine knows at one moment, as values that never change.

All times are seconds on the engine's clock; -inf: never yet, inf: no time is known.
"""

from dataclasses import dataclass
from math import inf

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause, RuleState, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId


@dataclass(frozen=True, slots=True)
class Override:
    """The operator prefers an uplink until `until`; a forced order holds whatever its health."""

    uplink: str
    until: float
    force: bool = False
    back_to: str | None = None
    """It is a drill, and this uplink was active before; None: it is no drill."""


@dataclass(frozen=True, slots=True)
class RefusedRoute:
    """A route action that the kernel refused: why, in words, and when it may be tried again."""

    route: Route
    reason: str
    again_at: float


@dataclass(frozen=True, slots=True)
class Setback:
    """A rule that recovers had to begin its stable time again."""

    at: float
    proven: float
    """Seconds that good rounds had covered until then."""
    reason: str
    """Why, in words."""


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """One rule on one uplink. `evidence` says why its state last changed; empty if it never did."""

    name: str
    state: RuleState
    evidence: str
    since: float
    """When its state last changed; -inf: it never did."""
    proven: float
    """Seconds that good rounds have covered since the latest failure or gap."""
    stable: float
    """Seconds that good rounds must cover before it recovers."""
    setback: Setback | None
    """The latest since it recovers."""
    recover: str
    """What is known of its recover condition, in words; empty: it has none, or need not recover."""


@dataclass(frozen=True, slots=True)
class HealthStatus:
    """What links and probes say of one uplink."""

    uplink: Uplink
    state: UplinkState
    """The worst of its rules' states."""
    evidence: str
    """Why it has that state, in words."""
    broken: str
    """The first layer that is broken of those that are probed, and what works beside it, in words;
    empty: none, as far as is known."""
    rules: tuple[RuleStatus, ...]
    link: LinkState
    """Where the policy ignores the carrier, that counts as there."""
    routable: bool
    """The kernel can hold its route: the interface is present, up, and has an address, and a next
    hop is known."""
    next_hop: NextHop | None
    """Where its packets go first; None: that is not known."""
    learned: LearnedHop | None
    """Where the next hop was learned; None: it is written, or not known, or from before the
    restart."""
    from_before: bool
    """The next hop is that of a route from before the restart, and nobody has told of it yet."""
    dormant: bool
    """It is one of several families of its uplink, and has never had a next hop: it is in no
    selection."""
    absent: str
    """Why there has been no next hop or no address for a second, in words; empty: there is."""
    last_known: float
    """When the latest round ended of which the outcome is known."""
    last_good: float
    """When the latest good round ended."""
    last_reason: str
    """Why no later round is known, in words."""
    proven: float
    """Seconds that good rounds have covered, for the rule that has seen the fewest; 0 while it does
    not recover."""
    stable: float
    """Seconds that good rounds must cover before it is healthy."""
    failing_since: float
    """When the failures began that fail it; -inf: no rule is failed."""
    failing_for: float
    """Seconds for which it has been in trouble; 0: it is not failed."""
    answers: bool
    """Its link carries something, and the latest known round of one of its probes was good."""
    silent: bool
    """Surely no probe gets an answer through it."""
    damped_until: float
    """Until when it is not moved to by choice, because it failed too often; -inf: it
    is not damped."""

    @property
    def failed_rules(self) -> tuple[str, ...]:
        """The names of its failed rules."""
        return tuple(rule.name for rule in self.rules if rule.state is RuleState.FAILED)

    @property
    def link_lost(self) -> bool:
        """Whether it is failed, and its link carries nothing or its next hop is absent."""
        cut = self.absent or not self.link.connected
        return self.state is UplinkState.FAILED and bool(cut)


@dataclass(frozen=True, slots=True)
class UplinkStatus:
    """One uplink: its health, and what keeps traffic from it."""

    health: HealthStatus
    unfit: str
    """Why traffic cannot be moved to it now, in words; empty: it can, or it is active."""
    other_family: str
    """Why the uplink counts as worse than this family of it, since its families move together, in
    words; empty: it does not."""
    proving_until: float
    """Until when it counts as recovering, because it had no route; -inf: it does not."""
    refused: tuple[RefusedRoute, ...]


@dataclass(frozen=True, slots=True)
class FamilyStatus:
    """The selection of one address family."""

    family: Family
    active: str | None
    """The active uplink; None before the first selection, and while a removed one is active."""
    departing: str | None
    """The removed uplink that stays active until another can be."""
    decision: Decision | None
    """The latest, by the names that uplinks had then; None before the first selection."""
    override: Override | None
    awaited: str
    """What the next move, or the first selection, waits for, in words; empty: no move is due."""
    awaited_until: float
    """When that wait ends by itself."""
    uplinks: tuple[UplinkStatus, ...]
    """In order of preference."""
    undeletable: tuple[RefusedRoute, ...]
    """Routes of ours that the kernel does not delete."""
    conflicts: tuple[Route, ...]
    """Foreign routes that decide instead of ours."""
    astray: str
    """Where the kernel sends the traffic instead of the active uplink, in words; empty: it goes
    there, as far as is known."""
    refusing: bool = False
    """Traffic is refused as unreachable, since no uplink answers."""
    returns_by_order: bool = False
    """An uplink that had failed is returned to only by an operator's order."""

    @property
    def since(self) -> float:
        """When the active uplink was selected."""
        return -inf if self.decision is None else self.decision.at

    @property
    def cause(self) -> Cause | None:
        """Why it was; None before the first selection."""
        return None if self.decision is None else self.decision.cause


@dataclass(frozen=True, slots=True)
class Status:
    """All that the engine knows at `at`."""

    at: float
    families: tuple[FamilyStatus, ...]

    def health(self, uplink: UplinkId) -> HealthStatus:
        """The health of an uplink. Raises KeyError if the policy has no such uplink."""
        for family in self.families:
            for each in family.uplinks:
                if each.health.uplink.id == uplink:
                    return each.health
        raise KeyError(uplink)
