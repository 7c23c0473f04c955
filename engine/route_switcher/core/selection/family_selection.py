"""The selection of one family: its start, its moves, the operator's override.

The head of this package says how: with tables, and the three cases of the start.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.conflicts import precedes
from route_switcher.core.routing.found_routes import active_before, in_use, routes_of_traffic
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.selection.eligibility import Eligibility
from route_switcher.core.selection.renaming import preferred_before
from route_switcher.core.selection.select import select
from route_switcher.core.selection.selection_state import SelectionState
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.outputs import Decision, Level, Notice, Output
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import VOLUNTARY, Cause, UplinkState
from route_switcher.core.vocabulary.status import Override


class FamilySelection(SelectionState):
    """Decides for one family."""

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
        elif not override.force:
            unfit = [] if health.state is UplinkState.HEALTHY else [health]
            unfit += self.worse_beside(health)
            if unfit:
                why = f"{unfit[0].evidence()}; only a forced order (--force) moves traffic there"
        if why is not None:
            return [Notice(at, Level.WARNING, f"switch to {health.label} refused: {why}")]
        self.override = override
        return []

    def end_override(self) -> None:
        """The operator's order ends; after a drill, nothing delays the way back."""
        self._returns_to = None if self.override is None else self.override.back_to
        self.override, self.limiter.released = None, True

    # What it decides.

    def decide(self, at: float, old: Policy | None = None) -> list[Output]:
        """Select again; `old` is the policy that a reload has just replaced."""
        outputs = self._select(at, old)
        placement, healths = self.admission.tables.placement, self.candidates
        may_begin = self._given_up(at)
        return outputs + self._refusing.update(
            at, placement, healths, may_begin=may_begin, forced=self.forced
        )

    def _select(self, at: float, old: Policy | None) -> list[Output]:
        self.admission.on_time(at, self.healths, self.current)
        self._stays = self.content(at)
        if self._stays:
            self._all_down.ask_at = self._held_until = inf
            self._returns_to, self.limiter.released = None, False
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
        damped = (h.penalty.until for h in self.healths if h.penalty.until > at)
        self._held_until = min([self.admission.deadline(at), *damped])
        self._stays = self.unrivalled(at)
        if self._stays:
            self.limiter.released = False
            self._all_down.end()
            return outputs
        eligibility = self.eligibility(at)
        candidates = self.weigh(eligibility)
        choice = select(candidates, self.current, self.override_of(healths))
        if choice.name is None or choice.name == self.current:
            self.limiter.released = False  # an order is about what can be now
            return outputs + self._hold(eligibility)
        name, cause = choice.name, choice.cause
        if cause in VOLUNTARY and name == self._returns_to:
            cause = Cause.OPERATOR
        if cause is Cause.PREFERENCE and old is not None and self.current is not None:
            left, taken = (self._health(each).uplink for each in (self.current, name))
            cause = Cause.RELOAD if preferred_before(old, left, taken) else cause
        returning = self.returning(name, cause)
        until, _ = self.limiter.held(returning=returning)
        if cause in VOLUNTARY and at < until:
            back = self._way_back(eligibility)
            if back is None:
                self._held_until = min(self._held_until, until)
                better = self._health(name)
                outputs += self.limiter.tell(at, better.label, better.notices, returning=returning)
                return outputs + self._hold(eligibility)
            name, cause = back, Cause.OPERATOR
        outputs += self._end_failed_drill(at, name)
        outputs.append(self._move(at, name, cause))
        if eligibility.link_lost:
            outputs.append(ProbeNow(at, self._health(name).uplink.id))
        return outputs

    def _way_back(self, eligibility: Eligibility) -> str | None:
        """Where the traffic was before a drill, if it can go there now. A better uplink may be held
        back, as it was before the drill."""
        fit = (h for h in self.candidates if h.state is UplinkState.HEALTHY)
        names = (h.uplink.name for h in fit if not eligibility.why_not(h))
        return next((name for name in names if name == self._returns_to), None)

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
        preferred = True
        for health in self.healths:
            preferred = preferred and health.uplink.name != name
            health.left_before = preferred
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

    def _move(self, at: float, name: str, cause: Cause) -> Decision:
        rules: tuple[str, ...] = ()
        evidence = [self._health(name).evidence()]
        previous = since = None
        if self.departing is not None:
            previous = self.departing.uplink.name
        elif self.current is not None:
            left = self._health(self.current)
            worse = self.worse_beside(left)
            previous = self.current
            failed = [h for h in (left, *worse) if h.failed_rules()]
            rules = tuple(dict.fromkeys(rule for h in failed for rule in h.failed_rules()))
            evidence = [h.evidence() for h in (left, *worse)] + evidence
            since = min((h.failing_since for h in failed), default=None)
        self.limiter.on_move(at, first=previous is None)
        self.current, self.departing, self._returns_to = name, None, None
        self._stays = False
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
        """Go back to the uplink of that name: the active one has to prove itself again."""
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
