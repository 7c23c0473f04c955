"""The engine: events in, decisions out, and a deadline to be woken at.

Its state is the only one of the product. It reads no clock: every event says when it is told, and
`deadline` says when a `Tick` is wanted though nothing happened. The daemon gives it the real world;
tests give it a written one.
"""

from typing import assert_never

from route_switcher.core.after_switch.verification import judge_verification
from route_switcher.core.health.damping_notices import damping_notices
from route_switcher.core.health.next_hop_notices import next_hop_notices
from route_switcher.core.health.setbacks import judge_round
from route_switcher.core.policy_in_force import PolicyInForce
from route_switcher.core.selection.drills import begin_drill
from route_switcher.core.selection.orders import carry_out_order
from route_switcher.core.selection.refused_changes import on_refused_route, on_refused_rule
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
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.policy import FamiliesMove
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId

_COUNTED = (Round, Answers)
"""Where nothing else changes, such an event only changes what an uplink has counted."""

_NEWS_OF_HOPS = (Start, Reload, Links, NextHops)
_NEWS_OF_WAYS = (Links, NextHops, Routes)
_CHANGES = (RuleChange, Decision)


class Engine(PolicyInForce):
    """Judges rounds and links by a policy, and selects the active uplink of every family.

    Give it a `Start` first. `handle` returns what it has to say; `plans` what the kernel should
    have after that. The caller makes it so, and tells what came of it (`Routes`, `Refused`).
    """

    def handle(self, event: Event) -> tuple[Output, ...]:
        """Take one event and say what follows from it, in order."""
        failed = isinstance(event, Round) and event.outcome is RoundOutcome.FAILED
        counts = isinstance(event, _COUNTED)
        if not counts or (failed and self._several_routers):
            self._still = None
        outputs = self._take(event)
        if self._still is not None and not failed:
            return ()
        self._add_what_follows(event, outputs, failed=failed)
        if outputs:
            self._still = None
        elif counts and self._still is None:
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
                outputs = self._ownership.see(event.at, event.routes, self._links(), self._plans)
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

    def _add_what_follows(self, event: Event, outputs: list[Output], *, failed: bool) -> None:
        """Add to what was said of an event what follows from it."""
        if isinstance(event, _NEWS_OF_HOPS):
            outputs += next_hop_notices(event.at, self._healths.values())
        changed = bool(outputs) and any(isinstance(o, _CHANGES) for o in outputs)
        # A failed round leaves `_still` as it is only where no uplink has another router to try.
        tries = failed and self._still is None
        if tries or changed or isinstance(event, NextHops):
            outputs += try_routers(event.at, self._families.values())
        if failed or isinstance(event, _NEWS_OF_WAYS):
            outputs += self._returning.asks(event.at, self._healths.values(), self._presence)
        for output in outputs:
            if isinstance(output, Decision):
                self._ways.on_decision(output.family)
                self._healths[UplinkId(output.selected, output.family)].silence.on_selected()
        if isinstance(event, Reload) or changed:
            outputs += self._follow_up(event.at)
        if outputs or self._after.awaits(event):
            outputs += self._after.follow(event, outputs, self._surroundings())

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
