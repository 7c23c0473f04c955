"""Whether what was selected has become so: the routes were read back, and the kernel was asked."""

from collections.abc import Collection
from dataclasses import dataclass

from route_switcher.core.routing.plan import Plan
from route_switcher.core.vocabulary.events import Event, Ways
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route

LIMIT = 2.0
"""Seconds after which what follows a switch goes on all the same: a route may be refused, or the
kernel may be slow to answer on a busy machine."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A selection that waits. `asks`: the kernel will be asked."""

    moment: Moment
    asks: bool

    @property
    def until(self) -> float:
        """When it waits no longer."""
        return self.moment.at + LIMIT

    def confirmed(
        self,
        event: Event,
        plan: Plan,
        routes: Collection[Route],
        rules: Collection[RoutingRule],
    ) -> bool:
        """Whether it is so now; `event` was taken last, `routes` and `rules` were seen last."""
        return event.at >= self.until or self.seen(event, plan, routes, rules)

    def seen(
        self,
        event: Event,
        plan: Plan,
        routes: Collection[Route],
        rules: Collection[RoutingRule],
    ) -> bool:
        """Whether both have come, however late."""
        asked = not self.asks or (isinstance(event, Ways) and self._says_something(event))
        return asked and stands(plan, routes, rules)

    def _says_something(self, event: Ways) -> bool:
        family = self.moment.family
        answered = event.findings.answers
        return any(its.family is family and its.out_interface is None for its in answered)


def stands(plan: Plan, routes: Collection[Route], rules: Collection[RoutingRule]) -> bool:
    """Whether the route of the active uplink was seen, and leads the traffic as far as our own
    routes and rules go."""
    active = plan.active
    if active is None or active not in routes:
        return False
    before = any(
        route.ours
        and (route.family, route.table) == (active.family, active.table)
        and route.metric < active.metric
        for route in routes
    )
    return not before and all(rule in rules for rule in plan.rules)
