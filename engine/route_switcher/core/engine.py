"""The engine: events in, decisions out, and a deadline to be woken at.

It is the only state of the product. It reads no clock: every event says when it is told, and
`deadline` says when a `Tick` is wanted though nothing happened. The daemon gives it the real world;
tests give it a written one.
"""

from collections.abc import Collection, Iterable
from math import inf
from typing import assert_never

from route_switcher.core.after_switch.after_switch import AfterSwitch
from route_switcher.core.after_switch.surroundings import Surroundings
from route_switcher.core.after_switch.verification import judge_verification
from route_switcher.core.health.damping_notices import damping_notices
from route_switcher.core.health.next_hop_notices import next_hop_notices
from route_switcher.core.health.setbacks import judge_round
from route_switcher.core.health.suspect_targets import SuspectTargets
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.probing.pace import longest_break
from route_switcher.core.routing.conflicts import left_over
from route_switcher.core.routing.ownership import Ownership
from route_switcher.core.routing.plan import Plan
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.selection.drills import begin_drill
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.selection.family_status import family_status
from route_switcher.core.selection.orders import carry_out_order
from route_switcher.core.selection.probing_speeds import ProbingSpeeds
from route_switcher.core.selection.refused_changes import on_refused_route, on_refused_rule
from route_switcher.core.selection.renaming import names_now
from route_switcher.core.selection.returning import Returning
from route_switcher.core.selection.selected_ways import situation
from route_switcher.core.selection.trying_routers import try_routers
from route_switcher.core.vocabulary.events import (
    Answers,
    Applied,
    ConnectionsEnded,
    Event,
    HookEnded,
    LastDelivered,
    Links,
    LinkState,
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
from route_switcher.core.vocabulary.hooks import Delivered
from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, Level, Notice, Output, RuleChange
from route_switcher.core.vocabulary.policy import FamiliesMove, Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.core.vocabulary.ways import LocalNetwork
from route_switcher.core.ways.known_ways import KnownWays
from route_switcher.core.ways.situation import Situation


class Engine:
    """Judges rounds and links by a policy, and selects the active uplink of every family.

    Give it a `Start` first. `handle` returns what it has to say; `plans` what the kernel should
    have after that. The caller makes it so, and tells what came of it (`Routes`, `Refused`).
    """

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

    def handle(self, event: Event) -> tuple[Output, ...]:
        """Take one event and say what follows from it, in order."""
        match event:
            case Round():
                outputs = self._round(event)
            case Links():
                outputs = self._see_links(event)
            case Answers():
                outputs = self._answers(event)
            case NextHops():
                outputs = self._see_hops(event) + self._decide(event.at)
            case Routes():
                outputs = self._ownership.see(event.at, event.routes, self._links())
                outputs += self._ownership.see_rules(event.at, event.rules)
                outputs += self._see_routes(event.at, event.routes, event.rules)
                outputs += self._decide(event.at)
            case Ways():
                outputs = self._see_ways(event)
            case Tick():
                outputs = self._tick(event.at)
            case Applied():
                outputs = self._ownership.on_applied(event, self._links())
            case Refused():
                outputs = on_refused_route(event, self._families.get(event.action.route.family))
            case RefusedRule():
                outputs = on_refused_rule(event, self._families.get(event.action.rule.family))
            case Start():
                outputs = self._start(event)
            case Reload():
                outputs = self._reload(event)
            case Switch() | Release():
                outputs = carry_out_order(event, self.policy, self._families)
            case Drill():
                outputs = begin_drill(event, self.policy, self._families)
            case Verified():
                outputs = judge_verification(event, self._families)
            case LastDelivered() | HookEnded() | ConnectionsEnded():
                outputs = []
            case _:
                assert_never(event)
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
        outputs += self._after.follow(event, outputs, self._surroundings())
        return tuple(outputs)

    def deadline(self) -> float:
        """When to give it a `Tick`, if nothing else comes before; inf: never."""
        deadlines = [family.deadline() for family in self._families.values()]
        for health in self._healths.values():
            deadlines += (health.deadline(), health.silence.warn_at)
        deadlines += (self._after.deadline(), self._ways.deadline())
        return min([*deadlines, self._ownership.restore_at])

    def questions(
        self, networks: Iterable[LocalNetwork], *, few: bool = False
    ) -> tuple[Lookup, ...]:
        """What the kernel is to be asked of ways now; the answers come back as `Ways`. `networks`
        are forwarded; `few`: about one target of each family and uplink."""
        return self._situation().questions(networks, few=few)

    def plans(self) -> tuple[Plan, ...]:
        """The routes that the kernel should have now, a plan for each family."""
        return tuple(family.plan() for family in self._families.values())

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
        return outputs + self._decide_with(health.uplink.family, event.at)

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

    def _links(self) -> dict[str, LinkState]:
        return {h.uplink.interface: h.link for h in self._healths.values()}

    def _healths_of(self, family: Family) -> list[UplinkHealth]:
        return [h for h in self._healths.values() if h.uplink.family is family]
