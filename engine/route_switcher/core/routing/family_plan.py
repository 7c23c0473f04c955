"""The plan of one family, made again only when what it depends on has changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.admission import Admission
from route_switcher.core.routing.dead_ends_of_ours import dead_ends
from route_switcher.core.routing.plan import Plan, Standing, make_plan
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.routing.rule_plan import desired_rules
from route_switcher.core.vocabulary.uplinks import Family

_MadeFor: TypeAlias = tuple[object, ...]
"""What a plan depends on."""


class FamilyPlan:
    """Remembers the latest plan. The `admission` and the `presence` are shared, not copied."""

    __slots__ = ("_admission", "_family", "_latest", "_presence")

    def __init__(self, family: Family, admission: Admission, presence: RoutePresence) -> None:
        self._family = family
        self._admission = admission
        self._presence = presence
        self._latest: tuple[_MadeFor, Plan] | None = None

    def now(
        self,
        healths: Sequence[UplinkHealth],
        active: str | Standing | None,
        *,
        selected: bool,
        refusing: bool,
    ) -> Plan:
        """The plan; `active` is the active uplink, by its name or, if it has left the policy, as it
        stood then. `refusing`: no uplink answers, and traffic is refused."""
        admission = self._admission
        refusals, tables = admission.refusals, admission.tables
        refused = frozenset(refusals.routes), frozenset(refusals.kept)
        made_for = (
            (active, selected, refusing, self._presence.readings, refused, tables),
            [(h.uplink, h.next_hop, h.state, h.routable, h.link) for h in healths],
            (admission.rule_refusals.refused, self._presence.ruled(self._family)),
        )
        if self._latest is None or made_for != self._latest[0]:
            self._latest = (made_for, self._made(healths, active, selected, refusing))
        return self._latest[1]

    def _made(
        self,
        healths: Sequence[UplinkHealth],
        active: str | Standing | None,
        selected: bool,
        refusing: bool,
    ) -> Plan:
        admission = self._admission
        refusals, refused = admission.refusals, admission.rule_refusals
        standings = [admission.standing(health) for health in healths]
        if isinstance(active, str):
            active = next(s for s in standings if s.uplink.name == active)
        placement = admission.tables.placement
        named = placement.destinations(self._family)
        plan = make_plan(
            self._family,
            standings,
            active,
            frozenset(refusals.routes),
            frozenset(refusals.kept),
            [prefix for prefix in named if not self._presence.attached(prefix)],
        )
        # The traffic's rule: also where none is selected, but all is to be refused.
        leads = selected or refusing
        rules = desired_rules(self._family, healths, admission.tables, selected=leads)
        ends = [
            replace(end, possible=end.route not in refusals.routes)
            for end in dead_ends(self._family, placement, refusing=refusing)
        ]
        return replace(
            plan,
            routes=(*plan.routes, *ends),
            table=placement.table,
            rules=refused.possible(rules),
            undeletable=refused.undeletable,
            selected=leads,
            rules_found=self._presence.ruled(self._family),
        )
