"""From what the kernel has to what the plan wants: the route actions, in a safe order.

All additions come before all deletions, and between them the table is read back. Additions go from
the lowest metric up, deletions from the highest down: so the best route goes from the old active
uplink to the new one in a single message, without a detour over a third, and after every single
action, wherever a crash may stop the sequence, there is a default route if there was one before.
Deletions that move traffic, those from before the active uplink's route, come before all others.

Routes of the traffic's table go first. Those of other tables go when no rule leads there any more,
except into the small table of an uplink.
"""

from collections.abc import Iterable, Set
from functools import partial
from typing import TypeAlias

from route_switcher.core.routing.conflicts import precedes
from route_switcher.core.routing.plan import DesiredRoute, Plan
from route_switcher.core.routing.rule_list import leads_all
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, Prefix

_Hop: TypeAlias = tuple[str, Prefix | None]
"""An interface, and what a route through it leads to."""


def additions(plan: Plan, seen: Iterable[Route]) -> tuple[RouteAction, ...]:
    """The routes of `plan` to add where `seen` are there. Foreign routes are never touched."""
    ours = _ours(plan, seen)
    wanted = {w.route for w in plan.routes}
    keys = {_key(route) for route in ours - wanted}
    return tuple(
        RouteAction(_addition(plan.family, _key(w.route) in keys), w.route, w.reason)
        for w in sorted(plan.routes, key=lambda w: (w.route.table != plan.table, w.route.metric))
        if w.possible and w.route not in ours
    )


def deletions(plan: Plan, seen: Iterable[Route]) -> tuple[RouteAction, ...]:
    """The routes of ours to delete in the traffic's table, in their order, where `seen` was read
    after the additions.

    A route of an uplink goes when the one that takes its place was seen. Without that it goes only
    from before the active uplink's route: traffic must not stay on an uplink that it was moved
    from. Nothing goes while the active uplink's route should be there, and was not seen.
    """
    seen = tuple(seen)
    ours = _ours(plan, seen)
    of_line = _of_traffic(plan)
    if plan.awaits_active and plan.active not in seen:
        return ()
    carriers = {c.destination: c for c in (plan.active, *plan.beside) if c and c in seen}
    awaited = {w.route.destination for w in plan.routes if w.possible and w.route in plan.beside}
    found = []
    for route in _leaving(plan, ours):
        destination, active = route.destination, carriers.get(route.destination)
        if route.table != plan.table or (active is None and destination in awaited):
            continue
        instead = of_line.get(_hop(route))
        if destination not in plan.destinations or _may_go(route, instead, ours, active):
            action = RouteAction(Change.DELETE, route, _why_deleted(plan, route, instead))
            found.append((_turn(active, route), action))
    return tuple(action for _, action in sorted(found, key=lambda each: each[0]))


def deletions_elsewhere(
    plan: Plan, seen: Iterable[Route], rules: Iterable[RoutingRule]
) -> tuple[RouteAction, ...]:
    """The routes of ours to delete in other tables, where `seen` and `rules` were read last.

    What an uplink has there goes when it has a route in the traffic's table, and the traffic goes
    by that one.
    """
    seen = tuple(seen)
    ours = _ours(plan, seen)
    mine = [rule for rule in rules if rule.family is plan.family and rule.ours]
    leading = {rule.table for rule in mine if leads_all(rule)}
    small = {_line(w.route): w for w in plan.routes if w.route.table != plan.table}
    tables = {table for table, _ in small}
    moved = plan.active in seen and (leading == {plan.table} if plan.own else not leading)
    traffic = _of_traffic(plan)

    def may_go(route: Route) -> bool:
        if route.table in leading:
            return False
        instead = small.get(_line(route))
        if instead is not None:
            return instead.route in ours
        led = any(rule.table == route.table for rule in mine)
        if not moved or (led and route.table not in (*tables, MAIN_TABLE)):
            return False
        other = traffic.get(_hop(route))
        return other is None or other.route in ours

    return tuple(
        RouteAction(Change.DELETE, route, _why_elsewhere(plan, small.get(_line(route)), route))
        for route in sorted(_leaving(plan, ours), key=partial(_turn, None))
        if route.table != plan.table and may_go(route)
    )


def lead_astray(plan: Plan, surplus: Set[Route]) -> bool:
    """Whether any of `surplus`, routes of ours that are not to stand, takes packets from the route
    that should carry them: the active one, or that of an uplink's small table."""
    carriers = [c for c in (plan.active, *plan.beside) if c is not None]
    carriers += [w.route for w in plan.routes if w.route.table != plan.table]
    first = {(c.table, c.destination): c for c in carriers}
    return any(
        # What leads to a longer prefix comes before any metric.
        precedes(route, first.get((route.table, route.destination)))
        or (route.table == plan.table and route.destination not in plan.destinations)
        for route in _leaving(plan, {route for route in surplus if route.family is plan.family})
    )


def _of_traffic(plan: Plan) -> dict[_Hop, DesiredRoute]:
    """The routes of uplinks in the traffic's table, by their destinations and interfaces."""
    in_table = (w for w in plan.routes if w.route.table == plan.table)
    return {_hop(w.route): w for w in in_table if w.route.leads_on}


def _leaving(plan: Plan, ours: set[Route]) -> set[Route]:
    """What is not to stand."""
    return ours - {w.route for w in plan.routes} - plan.kept


def _may_go(
    route: Route, instead: DesiredRoute | None, ours: set[Route], active: Route | None
) -> bool:
    if not route.leads_on or (instead is not None and instead.route in ours):
        return True
    return active is not None and (instead is None or route.metric <= active.metric)


def _turn(active: Route | None, route: Route) -> tuple[bool, int, str]:
    """Sorts deletions."""
    behind = active is not None and route.metric > active.metric
    return behind, -route.metric, str(route.destination or "")


def _ours(plan: Plan, seen: Iterable[Route]) -> set[Route]:
    return {route for route in seen if route.ours and route.family is plan.family}


def _key(route: Route) -> tuple[int, int, Prefix | None]:
    return route.table, route.metric, route.destination


def _hop(route: Route) -> _Hop:
    return route.interface, route.destination


def _line(route: Route) -> tuple[int, _Hop]:
    return route.table, _hop(route)


def _addition(family: Family, key_is_ours: bool) -> Change:
    if not key_is_ours:
        return Change.ADD
    # An IPv6 append would make a multipath route of the two.
    return Change.APPEND if family is Family.IPV4 else Change.REPLACE


def _why_deleted(plan: Plan, route: Route, instead: DesiredRoute | None) -> str:
    if route.destination not in plan.destinations:
        return "no route of ours is to lead there now"
    if not route.leads_on:
        return "traffic is not to be refused now"
    if instead is None:
        return "no uplink of the policy goes by it now"
    if instead.route.gateway != route.gateway:
        return f"the gateway is {instead.route.gateway} now"
    return instead.reason


def _why_elsewhere(plan: Plan, instead: DesiredRoute | None, route: Route) -> str:
    if instead is not None:
        return _why_deleted(plan, route, instead)
    where = f"in table {plan.table}" if plan.own else "in the main table"
    return f"the routes stand {where} now"
