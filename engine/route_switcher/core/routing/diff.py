"""From what the kernel has to what the plan wants: the route actions, in a safe order.

All additions come before all deletions, and between them the table is read back. Additions go from
the lowest metric up, deletions from the highest down: so the best route goes from the old active
uplink to the new one in a single message, without a detour over a third, and after every single
action, wherever a crash may stop the sequence, there is a default route if there was one before.
Deletions that move traffic, those from before the active uplink's route, come before all others.

Routes of the traffic's table go first. Those of other tables go when no rule leads there any more,
except into the small table of an uplink.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from route_switcher.core.routing.plan import DesiredRoute, Plan
from route_switcher.core.routing.rule_list import leads_all
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family


def additions(plan: Plan, seen: Iterable[Route]) -> tuple[RouteAction, ...]:
    """The routes of `plan` to add where `seen` are there. Foreign routes are never touched."""
    ours = _ours(plan, seen)
    wanted = {w.route for w in plan.routes}
    keys = {(route.table, route.metric) for route in ours - wanted}
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
    active = plan.active if plan.active in seen else None
    if active is None and plan.awaits_active:
        return ()
    return tuple(
        RouteAction(Change.DELETE, route, _why_deleted(route, of_line.get(route.interface)))
        for route in _leaving(plan, ours, active)
        if route.table == plan.table and _may_go(route, of_line.get(route.interface), ours, active)
    )


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
        other = traffic.get(route.interface)
        return other is None or other.route in ours

    return tuple(
        RouteAction(Change.DELETE, route, _why_elsewhere(plan, small.get(_line(route)), route))
        for route in _leaving(plan, ours, None)
        if route.table != plan.table and may_go(route)
    )


def _of_traffic(plan: Plan) -> dict[str, DesiredRoute]:
    """The routes of uplinks in the traffic's table, by their interfaces."""
    in_table = (w for w in plan.routes if w.route.table == plan.table)
    return {w.route.interface: w for w in in_table if w.route.leads_on}


def _leaving(plan: Plan, ours: set[Route], active: Route | None) -> Sequence[Route]:
    """What is not to stand, in the order of deletion."""
    wanted = {w.route for w in plan.routes}
    return sorted(ours - wanted - plan.kept, key=partial(_turn, active))


def _may_go(
    route: Route, instead: DesiredRoute | None, ours: set[Route], active: Route | None
) -> bool:
    if not route.leads_on or (instead is not None and instead.route in ours):
        return True
    return active is not None and (instead is None or route.metric <= active.metric)


def _turn(active: Route | None, route: Route) -> tuple[bool, int]:
    """Sorts deletions."""
    return active is not None and route.metric > active.metric, -route.metric


def _ours(plan: Plan, seen: Iterable[Route]) -> set[Route]:
    return {route for route in seen if route.ours and route.family is plan.family}


def _key(route: Route) -> tuple[int, int]:
    return route.table, route.metric


def _line(route: Route) -> tuple[int, str]:
    return route.table, route.interface


def _addition(family: Family, key_is_ours: bool) -> Change:
    if not key_is_ours:
        return Change.ADD
    # An IPv6 append would make a multipath route of the two.
    return Change.APPEND if family is Family.IPV4 else Change.REPLACE


def _why_deleted(route: Route, instead: DesiredRoute | None) -> str:
    if not route.leads_on:
        return "traffic is not to be refused now"
    if instead is None:
        return "no uplink of the policy goes by it now"
    if instead.route.gateway != route.gateway:
        return f"the gateway is {instead.route.gateway} now"
    return instead.reason


def _why_elsewhere(plan: Plan, instead: DesiredRoute | None, route: Route) -> str:
    if instead is not None:
        return _why_deleted(route, instead)
    where = f"in table {plan.table}" if plan.own else "in the main table"
    return f"the routes stand {where} now"
