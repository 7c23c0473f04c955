"""The engine: events in, decisions out, and a deadline to be woken at.

It is the only state of the product. It reads no clock: every event says when it is told, and
`deadline` says when a `Tick` is wanted though nothing happened. The daemon gives it the real world;
tests give it a written one.
"""

from collections.abc import Iterable
from typing import assert_never

from route_switcher.core.after_switch.verification import judge_verification
from route_switcher.core.engine_state import EngineState
from route_switcher.core.health.damping_notices import damping_notices
from route_switcher.core.health.next_hop_notices import next_hop_notices
from route_switcher.core.health.setbacks import judge_round
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.probing.pace import longest_break
from route_switcher.core.routing.conflicts import left_over
from route_switcher.core.selection.drills import begin_drill
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.selection.orders import carry_out_order
from route_switcher.core.selection.refused_changes import on_refused_route, on_refused_rule
from route_switcher.core.selection.renaming import names_now
from route_switcher.core.selection.trying_routers import try_routers
from route_switcher.core.vocabulary.events import (
    Answers,
    Applied,
    ConnectionsEnded,
    Event,
    HookEnded,
    LastDelivered,
    Links,
    NextHops,
    Refused,
    RefusedRule,
    Reload,
    Round,
    Routes,
    Start,
    Tick,
    Verified,
    Ways,
)
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, Level, Notice, Output, RuleChange
from route_switcher.core.vocabulary.policy import FamiliesMove, Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId


class Engine(EngineState):
    """Judges rounds and links by a policy, and selects the active uplink of every family.

    Give it a `Start` first. `handle` returns what it has to say; `plans` what the kernel should
    have after that. The caller makes it so, and tells what came of it (`Routes`, `Refused`).
    """

    def handle(self, event: Event) -> tuple[Output, ...]:
        """Take one event and say what follows from it, in order."""
        counts = _counts(event)
        if not counts:
            self._still = None
        outputs = self._take(event)
        if self._still is not None:
            return ()
        self._add_what_follows(event, outputs)
        if counts and not outputs:
            self._still = self._stillness()
        return tuple(outputs)

    def _take(self, event: Event) -> list[Output]:
        match event:
            case Round():
                return self._round(event)
            case Links():
                return self._see_links(event)
            case Answers():
                return self._answers(event)
            case NextHops():
                return self._see_hops(event) + self._decide(event.at)
            case Routes():
                outputs = self._ownership.see(event.at, event.routes, self._links())
                outputs += self._ownership.see_rules(event.at, event.rules)
                outputs += self._see_routes(event.at, event.routes, event.rules)
                return outputs + self._decide(event.at)
            case Ways():
                return self._see_ways(event)
            case Tick():
                return self._tick(event.at)
            case Applied():
                return self._ownership.on_applied(event, self._links())
            case Refused():
                return on_refused_route(event, self._families.get(event.action.route.family))
            case RefusedRule():
                return on_refused_rule(event, self._families.get(event.action.rule.family))
            case Start():
                return self._start(event)
            case Reload():
                return self._reload(event)
            case Switch() | Release():
                return carry_out_order(event, self.policy, self._families)
            case Drill():
                return begin_drill(event, self.policy, self._families)
            case Verified():
                return judge_verification(event, self._families)
            case LastDelivered() | HookEnded() | ConnectionsEnded():
                return []
            case _:
                assert_never(event)

    def _add_what_follows(self, event: Event, outputs: list[Output]) -> None:
        """Add to what was said of an event what follows from it."""
        if isinstance(event, Start | Reload | Links | NextHops):
            outputs += next_hop_notices(event.at, self._healths.values())
        failed = isinstance(event, Round) and event.outcome is RoundOutcome.FAILED
        changed = any(isinstance(o, RuleChange | Decision) for o in outputs)
        if failed or changed or isinstance(event, NextHops):
            outputs += try_routers(event.at, self._families.values())
        if failed or isinstance(event, Links | NextHops | Routes):
            outputs += self._returning.asks(event.at, self._healths.values(), self._presence)
        for output in outputs:
            if isinstance(output, Decision):
                self._ways.on_decision(output.family)
                self._healths[UplinkId(output.selected, output.family)].silence.on_selected()
        if isinstance(event, Reload) or changed:
            outputs += self._follow_up(event.at)
        if outputs or self._after.awaits(event):
            outputs += self._after.follow(event, outputs, self._surroundings())

    def _start(self, event: Start) -> list[Output]:
        self._ownership.begin(event.routes, event.rules)
        self._next_hops = event.next_hops
        links = {state.interface: state for state in event.links}
        outputs: list[Output] = []
        self._suspects.apply_policy(self.policy)
        for uplink in self.policy.uplinks:
            link = links[uplink.interface]
            suspects = self._suspects.of(uplink.family)
            health = UplinkHealth(uplink, self.policy, link, True, suspects)
            self._healths[uplink.id] = health
            health.silence.restart(event.at)
            health.hop.tell(event.next_hops)
            health.hop.adopt(event.routes)
            outputs += health.on_link(link, event.at)
        for family in self.policy.families:
            outputs += self._start_family(family, event.at, event.routes, event.rules)
        self._move_together()
        outputs += left_over(event.at, self.policy, event.routes, event.rules)
        outputs += self._see_routes(event.at, event.routes, event.rules)
        return outputs + self._decide(event.at)

    def _start_family(
        self, family: Family, at: float, routes: Iterable[Route], rules: Iterable[RoutingRule]
    ) -> list[Output]:
        selection = FamilySelection(family, self._healths_of(family), self.policy, self._presence)
        self._families[family] = selection
        patience = max(longest_break(probe) for probe in self.policy.probes)
        return selection.start(at, routes, patience, rules)

    def _round(self, event: Round) -> list[Output]:
        health = self._healths.get(event.uplink)
        if health is None or not health.knows(event):
            return []  # sent before a reload took the uplink or the probe away, or changed it
        asked = self._ways.names.on_round(event)
        event = self._ways.judge(event)
        judged = self._families[health.uplink.family].admission.judge(event, health)
        outputs: list[Output] = asked
        if len(event.answers) > 1 and judged is event and event.outcome is not RoundOutcome.UNKNOWN:
            judged, said = self._suspects.on_round(judged, health.uplink.family)
            outputs += said
        outputs += judge_round(health, judged)
        if outputs:
            self._still = None
        if self._still is None:
            outputs += self._decide_with(health.uplink.family, event.at)
        return outputs

    def _answers(self, event: Answers) -> list[Output]:
        health = self._healths.get(event.uplink)
        if health is not None and health.knows(event):
            self._suspects.on_answers(event, health.uplink.family)
            health.on_answers(event)
        return []

    def _see_links(self, event: Links) -> list[Output]:
        if event.routes is not None:
            self._ownership.rename(event.routes)
        outputs: list[Output] = []
        for state in event.states:
            for health in self._healths.values():
                if health.uplink.interface == state.interface:
                    outputs += health.see_link(state, event.at)
            for selection in self._families.values():
                selection.admission.refusals.link_changed(state.interface)
        return outputs + self._decide(event.at)

    def _see_hops(self, event: NextHops) -> list[Output]:
        self._next_hops = event.hops
        outputs: list[Output] = []
        for health in self._healths.values():
            outputs += health.see_hops(event.hops, event.at)
        return outputs

    def _see_routes(
        self, at: float, routes: tuple[Route, ...], rules: tuple[RoutingRule, ...]
    ) -> list[Output]:
        self._routes, self._rules = routes, rules
        table = self.policy.placement.table
        reachable = self._presence.see_routes(at, routes, rules, table)
        outputs: list[Output] = []
        for selection in self._families.values():
            for interface in reachable:
                selection.admission.refusals.link_changed(interface)
            outputs += selection.see_routes(at, routes)
            selection.admission.rule_refusals.see(rules)
        return outputs

    def _see_ways(self, event: Ways) -> list[Output]:
        outputs = self._ways.see(event, self._situation())
        for family, selection in self._families.items():
            selection.astray = self._ways.astray(family)
        return outputs

    def _decide_with(self, family: Family, at: float) -> list[Output]:
        """Select again in one family, and in the one that moves together with it."""
        if self.policy.families_move is FamiliesMove.TOGETHER:
            return self._decide(at)
        return self._families[family].decide(at)

    def _decide(self, at: float, old: Policy | None = None) -> list[Output]:
        """Select again; `old` is the policy that a reload has just replaced."""
        outputs: list[Output] = []
        for selection in self._families.values():
            outputs += selection.decide(at, old)
        return outputs

    def _tick(self, at: float) -> list[Output]:
        outputs: list[Output] = []
        for health in self._healths.values():
            if health.dormant:
                health.silence.restart(at)
            its = health.uplink
            active = its.name == self.active(its.family)
            said = health.silence.news(at, health.label, health.last_reason, active=active)
            outputs += said
        for health in self._healths.values():
            outputs += health.on_time(at)
        outputs += self._decide(at) + self._ownership.on_time(at)
        outputs += [o for family in self._families.values() for o in family.conflicts.on_time(at)]
        return outputs + self._ways.on_time(at)

    def _follow_up(self, at: float) -> list[Output]:
        """What a change of a rule or of the selection brings about."""
        outputs: list[Output] = []
        for selection in self._families.values():
            outputs += self._speeds.changes(at, selection.healths, selection.current)
        return [*outputs, *damping_notices(at, self._healths.values())]

    def _reload(self, event: Reload) -> list[Output]:
        old, self.policy = self.policy, event.policy
        if event.routes is not None:
            self._routes = event.routes
            self._rules = self._rules if event.rules is None else event.rules
            self._ownership.begin(event.routes, self._rules)
        if event.next_hops is not None:
            self._next_hops = event.next_hops
        links = {state.interface: state for state in event.links}
        before, self._healths = self._healths, {}
        names = names_now(before.values(), event.policy.uplinks, links)
        self._after.rename(names)
        renamed = {was: its for was, its in names.items() if was != its}
        healths = {names[its]: health for its, health in before.items() if its in names}
        self._suspects.apply_policy(event.policy, set(renamed.values()))
        outputs: list[Output] = [
            Notice(event.at, Level.INFO, f"{old.label(was)} is called {self.policy.label(its)} now")
            for was, its in renamed.items()
        ]
        for uplink in event.policy.uplinks:
            link = links[uplink.interface]
            suspects = self._suspects.of(uplink.family)
            if uplink.id not in healths:
                trusted = uplink.family not in self._families
                health = UplinkHealth(uplink, event.policy, link, trusted, suspects, event.at)
                health.silence.restart(event.at)
            else:
                health = healths[uplink.id]
                health.apply_policy(uplink, old, event.policy, suspects, event.at)
            self._healths[uplink.id] = health
            health.hop.tell(self._next_hops)
            health.hop.adopt(self._routes)
            outputs += health.on_link(link, event.at)
        self._speeds.keep(self._healths)
        for family in event.policy.families:
            if family in self._families:
                of_family = {o.name: n.name for o, n in names.items() if o.family is family}
                outputs += self._families[family].apply_uplinks(
                    event.at, self._healths_of(family), event.policy, of_family
                )
            else:
                outputs += self._start_family(family, event.at, self._routes, self._rules)
        for family in [f for f in self._families if f not in event.policy.families]:
            del self._families[family]
        self._move_together()
        outputs += left_over(event.at, self.policy, self._routes, self._rules)
        outputs += self._see_routes(event.at, self._routes, self._rules)
        return outputs + self._decide(event.at, old)

    def _move_together(self) -> None:
        """Tell the families of each other, if the policy lets an uplink's families move as one."""
        together = self.policy.families_move is FamiliesMove.TOGETHER
        every = self._families.values()
        for selection in every:
            others = (other for other in every if other is not selection)
            selection.companions = tuple(others) if together else ()


def _counts(event: Event) -> bool:
    """Whether all that comes of an event may be that an uplink counts it. After a failed round
    another router may be tried."""
    if isinstance(event, Round):
        return event.outcome is not RoundOutcome.FAILED
    return isinstance(event, Answers)
