"""The selection of one family: its start, its moves, the operator's override, its plan.

The head of this package says how: with tables, and the three cases of the start.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.admission import Admission
from route_switcher.core.routing.conflicts import Conflicts, precedes
from route_switcher.core.routing.family_plan import FamilyPlan
from route_switcher.core.routing.found_routes import active_before, in_use, routes_of_traffic
from route_switcher.core.routing.plan import Plan, Standing
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.selection.all_down import AllDown
from route_switcher.core.selection.eligibility import Eligibility, eligibility_beside
from route_switcher.core.selection.first_selection import FirstSelection
from route_switcher.core.selection.refusing import Refusing
from route_switcher.core.selection.renaming import preferred_before
from route_switcher.core.selection.select import select
from route_switcher.core.selection.switch_limiter import SwitchLimiter
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.outputs import Decision, Level, Notice, Output
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import VOLUNTARY, Cause, UplinkState
from route_switcher.core.vocabulary.status import Override
from route_switcher.core.vocabulary.uplinks import Family


class FamilySelection:
    """Decides for one family. `healths` stand in order of preference; they and the `presence` are
    shared, not copied."""

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
        return tuple(health for health in self.healths if not health.dormant)

    # What is told to it.

    def start(
        self,
        at: float,
        routes: Iterable[Route],
        patience: float,
        rules: Iterable[RoutingRule] = (),
    ) -> list[Output]:
        """Begin with what was found; wait at most `patience` seconds for first rounds."""
        every = [r for r in routes if r.family is self.family]
        mine = [r for r in every if r.destination is None]
        led = [rule for rule in rules if rule.family is self.family]
        placement = self.admission.tables.placement
        refused = self._refusing.start(at, mine, placement)
        found = routes_of_traffic(mine, led, placement.table)
        outputs = self._start(at, found, patience)
        return [*outputs, *refused, *self.see_routes(at, every)]

    def see_routes(self, at: float, routes: Iterable[Route]) -> list[Output]:
        """Take what the kernel has."""
        mine = [r for r in routes if r.family is self.family]
        self.admission.refusals.see(at, mine)
        plan, carrier = self.plan(), self._active_standing()
        beside, active = plan.beside, plan.active
        placement = self.admission.tables.placement
        table, named = placement.table, placement.destinations(self.family)[1:]
        others = [r for r in mine if r.destination in named and r.table in (table, MAIN_TABLE)]
        mine = [r for r in mine if r.table == table and r.destination is None]
        astray = [r.metric for r in mine if not r.ours and precedes(r, active)]
        if astray and carrier is not None:
            self.admission.refusals.ask_for_free(carrier.routes(), min(astray))
        return self.conflicts.news(
            at, [h.uplink for h in self.healths], mine, active, others, beside
        )

    def apply_uplinks(
        self,
        at: float,
        healths: Sequence[UplinkHealth],
        policy: Policy,
        names: Mapping[str, str],
    ) -> list[Output]:
        """Take a new policy's uplinks; a removed active one carries traffic until another can.

        `names` are the new names of those of this family that stay, by their old ones.
        """
        self.limiter.apply_policy(policy.hold_back)
        outputs: list[Output] = []
        if self.current is not None and self.current not in names:
            kept = {id(h) for h in healths}
            removed = (h for h in self.healths if id(h) not in kept)
            left = next(h for h in removed if h.uplink.name == self.current)
            self.departing = self.admission.standing(left)
            text = f"{left.label} left the policy; it is active until another can be"
            outputs.append(Notice(at, Level.INFO, text))
        self.current = names.get(self.current) if self.current is not None else None
        self.healths = tuple(healths)
        for health in healths:
            if self.departing is not None and health.uplink == self.departing.uplink:
                self.current, self.departing = health.uplink.name, None
        tables = UplinkTables.of(policy)
        if self.departing is not None:
            self.departing = self.departing.moved_to(tables.placement.table)
        self.admission.apply_policy(self.departing, tables)
        if self.override is not None:
            ordered, back = names.get(self.override.uplink), self.override.back_to
            order = replace(self.override, back_to=names.get(back) if back is not None else None)
            self.override = None if ordered is None else replace(order, uplink=ordered)
        self._returns_to = names.get(self._returns_to) if self._returns_to is not None else None
        return outputs

    def set_override(self, at: float, override: Override) -> list[Output]:
        """Take an operator's order; refused unless its uplink can be active and is healthy.

        A forced one needs no health, but it too needs a route that the kernel takes.
        """
        health = self._health(override.uplink)
        if health.dormant:
            return []
        why = None
        if self.admission.refused(health):
            reason = self.admission.refusal(health)
            why = f"the kernel refused its route: {reason}"
        elif not override.force and health.state is not UplinkState.HEALTHY:
            why = f"{health.evidence()}; only a forced order moves to it"
        if why is not None:
            return [Notice(at, Level.WARNING, f"switch to {health.label} refused: {why}")]
        self.override = override
        return []

    def end_override(self) -> None:
        """The operator's order ends; after a drill, nothing delays the way back."""
        self._returns_to = None if self.override is None else self.override.back_to
        self.override = None

    # What it says.

    def deadline(self) -> float:
        """When to call `decide` though nothing happened; inf: never."""
        ends = self.override.until if self.override else inf
        return min(
            self.first.wake,
            self._all_down.ask_at,
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

    def decide(self, at: float, old: Policy | None = None) -> list[Output]:
        """Select again; `old` is the policy that a reload has just replaced."""
        outputs = self._select(at, old)
        placement, healths = self.admission.tables.placement, self.candidates
        may_begin = self._given_up(at)
        return outputs + self._refusing.update(
            at, placement, healths, may_begin=may_begin, forced=self.forced
        )

    def _given_up(self, at: float) -> bool:
        """Whether the active uplink is failed, or none could be selected in time."""
        if self.current is None:
            return not self.settled and not self.first.waits(at)
        return self._health(self.current).state is UplinkState.FAILED

    def _select(self, at: float, old: Policy | None) -> list[Output]:
        self.admission.on_time(at, self.healths, self.current)
        if self.content(at):
            self._all_down.ask_at = self._held_until = inf
            self._returns_to = None
            return []
        outputs: list[Output] = []
        if self.override and at >= self.override.until:
            ordered = self._health(self.override.uplink)
            what = "order for" if self.override.back_to is None else "drill of"
            outputs.append(Notice(at, Level.INFO, f"the {what} {ordered.label} has ended"))
            self.end_override()
        healths = self.candidates
        if any(h.state is UplinkState.FAILED for h in healths if h.uplink.name == self._returns_to):
            self._returns_to = None  # a return after a failure is like any other
        if not healths:
            self.first.put_off()
            return outputs
        if not self.settled:
            self.first.resume(at)
            return outputs + self._first_selection(at)
        eligibility = self.eligibility(at)
        candidates = [eligibility.candidate(h, self.current) for h in healths]
        damped = (h.penalty.until for h in self.healths if h.penalty.until > at)
        self._held_until = min([self.admission.deadline(at), *damped])
        choice = select(candidates, self.current, self.override_of(healths))
        if choice.name is None or choice.name == self.current:
            return outputs + self._hold(eligibility)
        cause = choice.cause
        if cause in VOLUNTARY and choice.name == self._returns_to:
            cause = Cause.OPERATOR
        if cause is Cause.PREFERENCE and old is not None and self.current is not None:
            left, taken = (self._health(name).uplink for name in (self.current, choice.name))
            cause = Cause.RELOAD if preferred_before(old, left, taken) else cause
        if cause in VOLUNTARY and at < self.limiter.until:
            self._held_until = min(self._held_until, self.limiter.until)
            better = self._health(choice.name)
            outputs += self.limiter.tell(at, better.label, better.notices)
            return outputs + self._hold(eligibility)
        outputs += self._end_failed_drill(at, choice.name)
        outputs.append(self._move(at, choice.name, cause))
        if eligibility.link_lost:
            outputs.append(ProbeNow(at, self._health(choice.name).uplink.id))
        return outputs

    def content(self, at: float) -> bool:
        """Whether nothing could be better: the most preferred uplink is active and healthy.

        Most rounds find it so, and what `select` would say is then known.
        """
        first = next((health for health in self.healths if not health.dormant), None)
        return (
            first is not None
            and first.uplink.name == self.current
            and first.state is UplinkState.HEALTHY
            and first.penalty.until <= at
            and self.override is None
            and self.admission.calm
        )

    # The start.

    def _start(self, at: float, routes: Sequence[Route], patience: float) -> list[Output]:
        uplinks = [health.uplink for health in self.healths]
        active = active_before(uplinks, routes)
        if active is not None:
            return self._restart(at, active.name)
        best = in_use(uplinks, routes)
        self.first.begin(at, best, patience)
        if best is None:
            return []
        text = f"{self.family}: using {best} until the first probe results"
        return [Notice(at, Level.INFO, text)]

    def _restart(self, at: float, name: str) -> list[Output]:
        self.limiter.on_move(at, first=True)
        evidence = (f"{name}'s route was active",)
        self.current = name
        self.decision = Decision(at, self.family, None, name, Cause.RESTART, (), evidence)
        outputs: list[Output] = [self.decision]
        for health in self.healths:
            if health.uplink.name != name:
                outputs += health.require_recovery(at, f"{name} was active at the start")
        return outputs

    def _first_selection(self, at: float) -> list[Output]:
        healths = self.candidates
        override = self.override_of(healths)
        if override and self._may_begin_with(override):
            return [self._move(at, override.uplink, Cause.OPERATOR)]
        health = self.first.choice(at, healths, self.eligibility(at).why_not)
        if health is not None:
            return self._settle(at, health)
        return [] if self.first.waits(at) else self._all_down.begin(at, healths)

    def _may_begin_with(self, override: Override) -> bool:
        """One that was kept over a restart may name an uplink of which nothing is known yet."""
        return override.force or self._health(override.uplink).state is UplinkState.HEALTHY

    def _settle(self, at: float, health: UplinkHealth) -> list[Output]:
        name, position = health.uplink.name, self.healths.index(health)
        outputs: list[Output] = [self._move(at, name, Cause.START)]
        for index, other in enumerate(self.healths):
            # A less preferred uplink that was not asked yet was not passed over, nor was one whose
            # next hop is not known yet: leases come in any order.
            before = index < position and not other.hop.never_known
            if before or (index > position and other.judged):
                outputs += other.require_recovery(at, f"passed over for {name}")
        return outputs

    # Moves.

    def _end_failed_drill(self, at: float, name: str) -> list[Output]:
        """A drill ends where the traffic leaves its uplink for the one of this name."""
        order = self.override
        if order is None or order.back_to is None or self.current != order.uplink:
            return []
        if name == order.uplink:
            return []
        self.end_override()
        text = f"the drill of {self._health(order.uplink).label} has ended: it did not hold"
        return [Notice(at, Level.WARNING, text)]

    def override_of(self, healths: Iterable[UplinkHealth]) -> Override | None:
        """The operator's order, if it is for one of these."""
        order = self.override
        named = order is not None and any(h.uplink.name == order.uplink for h in healths)
        return order if named else None

    def may_try_routers(self, health: UplinkHealth, at: float) -> bool:
        """Whether another router may be tried through a failed uplink: once the traffic has left
        it, or where no other uplink can take the traffic."""
        if health.uplink.name != self.current:
            return True
        if self.forced:
            return True
        ever = replace(self.eligibility(at), since=-inf, urgent=False).why_not
        return all(ever(other) for other in self.candidates if other is not health)

    def eligibility(self, at: float) -> Eligibility:
        """What is asked of another uplink now."""
        current = self._health(self.current) if self.current is not None else None
        return eligibility_beside(current, at, self.admission, self._presence)

    def _move(self, at: float, name: str, cause: Cause) -> Decision:
        rules: tuple[str, ...] = ()
        evidence = [self._health(name).evidence()]
        previous = since = None
        if self.departing is not None:
            previous = self.departing.uplink.name
        elif self.current is not None:
            left = self._health(self.current)
            previous, rules = self.current, left.failed_rules()
            evidence.insert(0, left.evidence())
            since = left.failing_since if rules else None
        self.limiter.on_move(at, first=previous is None)
        self.current, self.departing, self._returns_to = name, None, None
        self.first.wake = self._all_down.ask_at = self._held_until = inf
        active = self.plan().active
        before = (route for route in self.conflicts.found if precedes(route, active))
        evidence += [f"a foreign route stands before it: {route}" for route in before]
        if self.astray:
            evidence.append(f"but until now {self.astray}, whatever is selected")
        self.astray = ""
        self.decision = Decision(
            at, self.family, previous, name, cause, rules, tuple(evidence), since
        )
        return self.decision

    def undo(self, at: float, name: str) -> list[Output]:
        """Go back to the uplink of that name: the active one has to prove itself anew."""
        assert self.current is not None
        left = self._health(self.current)
        decision = self._move(at, name, Cause.UNDONE)
        evidence = "what was sent by the default route got no answer"
        return [decision, *left.distrust(at, evidence)]

    def _hold(self, eligibility: Eligibility) -> list[Output]:
        at, since = eligibility.at, eligibility.since
        if self.current is None or since == -inf:
            self._all_down.end()
            return []
        active = self._health(self.current)
        ever = replace(eligibility, since=-inf, urgent=False).why_not
        return self._all_down.update(
            at, since, self.candidates, active, ever, forced=self.forced, astray=self.astray
        )

    def _health(self, name: str) -> UplinkHealth:
        return next(h for h in self.healths if h.uplink.name == name)
