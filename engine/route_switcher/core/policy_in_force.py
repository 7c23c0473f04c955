"""How a policy takes effect: at the start, and at a reload, with what is known already."""

from collections.abc import Iterable

from route_switcher.core.engine_state import EngineState
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.probing.pace import longest_break
from route_switcher.core.routing.conflicts import left_over
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.selection.renaming import names_now
from route_switcher.core.vocabulary.events import Reload, Start
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import FamiliesMove, Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Family


class PolicyInForce(EngineState):
    """Begins with a policy, and takes the next ones."""

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

    def _decide(self, at: float, old: Policy | None = None) -> list[Output]:
        """Select again; `old` is the policy that a reload has just replaced."""
        outputs: list[Output] = []
        for selection in self._families.values():
            outputs += selection.decide(at, old)
        return outputs
