"""What the selection of one family remembers, and what follows from that without a decision."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from route_switcher.core.health.latest_rounds import LONGEST_WAIT
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.admission import Admission
from route_switcher.core.routing.conflicts import Conflicts
from route_switcher.core.routing.family_plan import FamilyPlan
from route_switcher.core.routing.plan import Plan, Standing
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.selection.all_down import AllDown
from route_switcher.core.selection.eligibility import Eligibility, eligibility_beside
from route_switcher.core.selection.first_selection import FirstSelection
from route_switcher.core.selection.moving_together import worst_of
from route_switcher.core.selection.refusing import Refusing
from route_switcher.core.selection.select import Candidate
from route_switcher.core.selection.switch_limiter import SwitchLimiter
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.status import Override
from route_switcher.core.vocabulary.uplinks import Family

_LASTING = (UplinkState.HEALTHY, UplinkState.FAILED)
"""States in which an uplink may stay for long."""


class SelectionState:
    """Nothing is changed by asking it. `healths` stand in order of preference; they and the
    `presence` are shared, not copied."""

    def __init__(
        self,
        family: Family,
        healths: Sequence[UplinkHealth],
        policy: Policy,
        presence: RoutePresence,
    ) -> None:
        self.family = family
        self.healths = tuple(healths)
        self.current: str | None = None
        """The active uplink; None before the first selection, and while a removed one is active."""
        self.override: Override | None = None
        self._returns_to: str | None = None
        """Where the traffic was before a drill that has ended, until it is there again."""
        self.decision: Decision | None = None
        """The latest one."""
        self.astray = ""
        """Where the kernel sends the traffic instead, in words; empty: it goes to the active
        uplink, as far as is known."""
        self.departing: Standing | None = None
        """How the active uplink stood when it left the policy."""
        self.first = FirstSelection()
        self.admission = Admission(presence, UplinkTables.of(policy))
        self._presence = presence
        self.conflicts = Conflicts()
        self._plan = FamilyPlan(family, self.admission, presence)
        self._all_down = AllDown()
        self.limiter = SwitchLimiter(policy.hold_back)
        self._refusing = Refusing(family)
        self._held_until = inf
        self._stays = False
        """The latest decision was to stay, until there is a verdict, an order or news."""
        self.companions: tuple[SelectionState, ...] = ()
        """The selections of the other families, if an uplink's families move together."""

    @property
    def settled(self) -> bool:
        """Whether a first selection has been made."""
        return self.current is not None or self.departing is not None

    @property
    def forced(self) -> bool:
        """Whether an order keeps the traffic on the active uplink, whether it answers or not."""
        order = self.override
        return order is not None and order.force and order.uplink == self.current

    @property
    def refusing(self) -> bool:
        """Whether traffic is refused, since no uplink answers."""
        return self._refusing.on

    @property
    def candidates(self) -> tuple[UplinkHealth, ...]:
        """The uplinks that are there. A further family of an uplink is, once it has had a next
        hop."""
        return tuple([health for health in self.healths if not health.dormant])

    def deadline(self) -> float:
        """When to call `decide` though nothing happened; inf: never."""
        return min(self._all_down.ask_at, self.rest_until)

    @property
    def rest_until(self) -> float:
        """The same, apart from asking while all are down."""
        ends = self.override.until if self.override else inf
        return min(
            self.first.wake,
            self._held_until,
            ends,
            self.conflicts.deadline(),
            self.admission.refusals.deadline(),
            self.admission.rule_refusals.deadline(),
        )

    def plan(self) -> Plan:
        """The routes and rules that the kernel should have now."""
        active = self.current or self.departing
        return self._plan.now(
            self.healths, active, selected=self.settled, refusing=self._refusing.on
        )

    def _active_standing(self) -> Standing | None:
        if self.current is None:
            return self.departing
        return self.admission.standing(self._health(self.current))

    def content(self, at: float) -> bool:
        """Whether nothing could be better: the most preferred uplink is active and healthy.

        Most rounds find it so, and what `select` would say is then known.
        """
        first = next((health for health in self.healths if not health.dormant), None)
        return (
            first is not None
            and first.uplink.name == self.current
            and all(
                health.state is UplinkState.HEALTHY and health.penalty.until <= at
                for health in (first, *self.beside(first))
            )
            and self.override is None
            and self.admission.calm
        )

    def unrivalled(self, at: float) -> bool:
        """Whether the active uplink is healthy, and none that is preferred is.

        What `select` would say is then known too: a less preferred one is never better.
        """
        if self.override is not None or self.companions or not self.admission.calm:
            return False
        for health in self.healths:
            healthy = health.state is UplinkState.HEALTHY
            if health.uplink.name == self.current:
                return healthy and health.penalty.until <= at and not health.dormant
            if healthy and not health.dormant:
                return False
        return False

    @property
    def idle(self) -> bool:
        """Whether to decide again would change nothing, until there is a verdict, an order, or news
        of links or routes."""
        held_back = self._held_until < inf
        return self._stays and not held_back and not self._refusing.on and self.admission.idle

    @property
    def asks(self) -> bool:
        """Whether rounds are asked for again and again."""
        return self._all_down.ask_at < inf

    def at_rest(self, at: float) -> bool:
        """Whether more rounds like the latest change nothing until `rest_until`, while each uplink
        is healthy or stays failed: nothing could be better, or what could is held back, or all are
        down, and that is told."""
        if self.content(at):
            return True
        if (
            self.current is None
            or self.departing is not None
            or self.override is not None
            or self._returns_to is not None
            or self.limiter.released
            or not self.admission.calm
        ):
            return False
        active = self._health(self.current)
        if active.penalty.until > at:
            return False
        if active.state is UplinkState.HEALTHY:
            lasting = all(health.state in _LASTING for health in self.candidates)
            return lasting and at < self._held_until
        all_failed = all(health.state is UplinkState.FAILED for health in self.candidates)
        return all_failed and active.failing_for(at) >= LONGEST_WAIT

    def fast_forward(self, delta: float) -> None:
        """Behave as if `delta` seconds had passed at rest."""
        self._all_down.fast_forward(delta)

    def _given_up(self, at: float) -> bool:
        """Whether the active uplink is failed, or none could be selected in time."""
        if self.current is None:
            return not self.settled and not self.first.waits(at)
        return self._health(self.current).state is UplinkState.FAILED

    def override_of(self, healths: Iterable[UplinkHealth]) -> Override | None:
        """The operator's order, if it is for one of these."""
        order = self.override
        named = order is not None and any(h.uplink.name == order.uplink for h in healths)
        return order if named else None

    def may_try_routers(self, health: UplinkHealth, at: float) -> bool:
        """Whether another router may be tried through a failed uplink: once the traffic has left
        it, or where no other uplink can take the traffic."""
        if health.uplink.name != self.current or self.forced:
            return True
        ever = replace(self.eligibility(at), since=-inf, urgent=False).why_not
        return all(ever(other) for other in self.candidates if other is not health)

    def returning(self, name: str, cause: Cause) -> bool:
        """Whether a move with this cause leads back to an uplink that had failed."""
        to = self._health(name)
        every = (to, *self.beside(to))
        return cause is Cause.PREFERENCE and any(h.ever_failed or h.left_before for h in every)

    def eligibility(self, at: float) -> Eligibility:
        """What is asked of another uplink now."""
        current = self._health(self.current) if self.current is not None else None
        return eligibility_beside(current, at, self.admission, self._presence)

    def weigh(self, eligibility: Eligibility) -> list[Candidate]:
        """The uplinks as `select` sees them."""
        if not self.companions:
            return [eligibility.candidate(health, self.current) for health in self.candidates]
        beside = [(other, other.eligibility(eligibility.at)) for other in self.companions]
        weighed = []
        for health in self.candidates:
            own = eligibility.candidate(health, self.current)
            others = [
                its_eligibility.candidate(its, other.current)
                for other, its_eligibility in beside
                for its in other.candidates
                if its.uplink.name == own.name
            ]
            current = own.name == self.current
            weighed.append(worst_of(own, others, current=current) if others else own)
        return weighed

    def beside(self, health: UplinkHealth) -> list[UplinkHealth]:
        """The same uplink in the families that move together with this one."""
        name = health.uplink.name
        return [h for other in self.companions for h in other.candidates if h.uplink.name == name]

    def worse_beside(self, health: UplinkHealth) -> list[UplinkHealth]:
        """Those of them that are failed or recovering."""
        bad = (UplinkState.FAILED, UplinkState.RECOVERING)
        return [other for other in self.beside(health) if other.state in bad]

    def _health(self, name: str) -> UplinkHealth:
        return next(h for h in self.healths if h.uplink.name == name)
