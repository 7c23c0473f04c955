"""All that the engine remembers, and what can be asked of it without an event."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import inf

from route_switcher.core.after_switch.after_switch import AfterSwitch
from route_switcher.core.after_switch.surroundings import Surroundings
from route_switcher.core.health.suspect_targets import SuspectTargets
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.ownership import Ownership
from route_switcher.core.routing.plan import Plan
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.selection.family_status import family_status
from route_switcher.core.selection.probing_speeds import ProbingSpeeds
from route_switcher.core.selection.returning import Returning
from route_switcher.core.selection.selected_ways import situation
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.hooks import Delivered
from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.core.vocabulary.ways import LocalNetwork
from route_switcher.core.ways.known_ways import KnownWays
from route_switcher.core.ways.situation import Situation


@dataclass(frozen=True, slots=True)
class Still:
    """What stays as it is while nothing comes but rounds that change no verdict: they only add to
    what their uplink has counted."""

    plans: tuple[Plan, ...]
    deadline: float
    """The earliest of the deadlines that are not an uplink's own; inf: there is none."""


class EngineState:
    """Nothing changes by asking it. Only `fast_forward` changes something: the time."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._healths: dict[UplinkId, UplinkHealth] = {}
        self._families: dict[Family, FamilySelection] = {}
        self._routes: tuple[Route, ...] = ()
        self._rules: tuple[RoutingRule, ...] = ()
        self._next_hops: tuple[LearnedHop, ...] = ()
        self._ownership = Ownership()
        self._presence = RoutePresence()
        self._suspects = SuspectTargets()
        self._speeds = ProbingSpeeds()
        self._returning = Returning()
        self._ways = KnownWays()
        self._after = AfterSwitch()
        self._still: Still | None = None
        """None: a round may change more than what is counted."""

    def deadline(self) -> float:
        """When to give it a `Tick`, if nothing else comes before; inf: never."""
        earliest = self._deadline() if self._still is None else self._still.deadline
        for health in self._healths.values():
            own, warn_at = health.deadline(), health.silence.warn_at
            if own < earliest:
                earliest = own
            if warn_at < earliest:
                earliest = warn_at
        return earliest

    def questions(
        self, networks: Iterable[LocalNetwork], *, few: bool = False
    ) -> tuple[Lookup, ...]:
        """What the kernel is to be asked of ways now; the answers come back as `Ways`. `networks`
        are forwarded; `few`: about one target of each family and uplink."""
        return self._situation().questions(networks, few=few)

    def plans(self) -> tuple[Plan, ...]:
        """The routes that the kernel should have now, a plan for each family."""
        return self._plans() if self._still is None else self._still.plans

    def active(self, family: Family) -> str | None:
        """The name of the selected uplink of `family`; None before the first selection."""
        selection = self._families.get(family)
        return selection.current if selection is not None else None

    def next_hop(self, uplink: UplinkId) -> NextHop | None:
        """Where the packets of an uplink go first; None: that is not known."""
        health = self._healths.get(uplink)
        return None if health is None else health.next_hop

    def status(self, at: float) -> Status:
        """What is known at `at`: the time of the latest event, or later. Nothing changes by it."""
        return Status(at, tuple(family_status(s, at) for s in self._families.values()))

    def only_puts_back(self, at: float, result: Reconciled) -> bool:
        """Whether `result` is nothing but what somebody takes away again and again."""
        return self._ownership.only_puts_back(at, result.done, result.rules_done)

    @property
    def delivered(self) -> Delivered:
        """What hooks were told last, to be kept over a restart."""
        return self._after.delivered

    def at_rest(self, at: float) -> bool:
        """Whether nothing would change, except the time, if at `at` all that comes is rounds like
        the latest, until `rest_until`: good ones, and failed ones through uplinks that stay failed.
        While nothing answers, each uplink is asked every second (`asks`)."""
        return (
            all(health.at_rest or health.rests_failed(at) for health in self._healths.values())
            and all(selection.at_rest(at) for selection in self._families.values())
            and self._suspects.at_rest
            and self._ownership.restore_at == inf
            and self._ways.deadline() == inf
            and self._after.at_rest
        )

    @property
    def rest_until(self) -> float:
        """When its rest ends though all rounds are alike: something that is held back may move."""
        return min(family.rest_until for family in self._families.values())

    @property
    def asks(self) -> bool:
        """Whether rounds are asked for each second, since the active uplink of a family is down."""
        return any(family.asks for family in self._families.values())

    def fast_forward(self, delta: float, uplinks: Collection[UplinkId]) -> None:
        """Fast-forward by `delta` seconds: behave as if rounds identical to the latest had
        kept arriving through `uplinks` at the same interval. To be called only `at_rest`; the next
        event is at least that much later."""
        for uplink in uplinks:
            self._healths[uplink].fast_forward(delta)
        self._suspects.fast_forward(delta, uplinks)
        for family in self._families.values():
            family.fast_forward(delta)

    def _stillness(self) -> Still | None:
        """What stays as it is from now on, if a round that changes no verdict changes nothing."""
        if self._after.idle and all(selection.idle for selection in self._families.values()):
            return Still(self._plans(), self._deadline())
        return None

    @property
    def _several_routers(self) -> bool:
        """Whether another router may be tried through any uplink that fails."""
        return any(len(health.hop.usable) > 1 for health in self._healths.values())

    def _plans(self) -> tuple[Plan, ...]:
        return tuple(family.plan() for family in self._families.values())

    def _deadline(self) -> float:
        """The earliest of those that are not an uplink's own."""
        families = min((family.deadline() for family in self._families.values()), default=inf)
        beside = self._after.deadline(), self._ways.deadline(), self._ownership.restore_at
        return min(families, *beside)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            self.policy,
            self._families,
            self._routes,
            self._rules,
            self._situation,
            self._suspects.of,
        )

    def _situation(self) -> Situation:
        named = self._ways.names.addresses
        return situation(self.policy, self._families, self._presence, self._routes, named)

    def _links(self) -> dict[str, LinkState]:
        return {h.uplink.interface: h.link for h in self._healths.values()}

    def _healths_of(self, family: Family) -> list[UplinkHealth]:
        return [h for h in self._healths.values() if h.uplink.family is family]
