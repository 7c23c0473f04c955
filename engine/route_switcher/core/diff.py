"""From what the kernel has to what the plan wants: the route actions, in a safe order.

All additions come before all deletions. Additions go from the lowest metric up, deletions from the
highest down: so the best route goes from the old active uplink to the new one in a single message,
without a detour over a third, and after every single action, wherever a crash may stop the
sequence, there is a default route if there was one before.
"""

from collections.abc import Iterable

from route_switcher.core.model import Family
from route_switcher.core.plan import Plan
from route_switcher.core.routes import Change, Route, RouteAction


def diff(plan: Plan, seen: Iterable[Route]) -> tuple[RouteAction, ...]:
    """The route actions that bring our routes of one family from `seen` to `plan`.

    Nothing is deleted unless the active uplink's route is there, or is being added: without it, a
    route that should go is still better than none. Foreign routes are never touched.
    """
    ours = {route for route in seen if route.ours and route.family is plan.family}
    wanted = {w.route for w in plan.routes}
    additions = []
    replaced: set[Route] = set()
    for w in sorted(plan.routes, key=lambda w: w.route.metric):
        if w.route in ours or not w.possible:
            continue
        rivals = {r for r in ours - wanted if r.metric == w.route.metric}
        additions.append(RouteAction(_addition(plan.family, bool(rivals)), w.route, w.reason))
        if plan.family is Family.IPV6:
            replaced |= rivals
    there = ours | {action.route for action in additions}
    if plan.active is None or plan.active not in there:
        return tuple(additions)
    deletions = [
        RouteAction(Change.DELETE, route, _why_deleted(route, plan))
        for route in sorted(ours - wanted - replaced, key=lambda r: r.metric, reverse=True)
    ]
    return (*additions, *deletions)


def _addition(family: Family, key_is_ours: bool) -> Change:
    if not key_is_ours:
        return Change.ADD
    # An IPv6 append would make a multipath route of the two.
    return Change.APPEND if family is Family.IPV4 else Change.REPLACE


def _why_deleted(route: Route, plan: Plan) -> str:
    for w in plan.routes:
        if (w.route.interface, w.route.gateway) == (route.interface, route.gateway):
            return w.reason
    return "belongs to no uplink of the policy"
