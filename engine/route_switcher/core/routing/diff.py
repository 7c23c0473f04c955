"""From what the kernel has to what the plan wants: the route actions, in a safe order.

All additions come before all deletions, and between them the table is read back. Additions go from
the lowest metric up, deletions from the highest down: so the best route goes from the old active
uplink to the new one in a single message, without a detour over a third, and after every single
action, wherever a crash may stop the sequence, there is a default route if there was one before.
Deletions that move traffic, those from before the active uplink's route, come before all others.
"""

from collections.abc import Iterable
from functools import partial

from route_switcher.core.routing.plan import DesiredRoute, Plan
from route_switcher.core.vocabulary.policy import Family
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction


def additions(plan: Plan, seen: Iterable[Route]) -> tuple[RouteAction, ...]:
    """The routes of `plan` to add where `seen` are there. Foreign routes are never touched."""
    ours = _ours(plan, seen)
    wanted = {w.route for w in plan.routes}
    keys = {route.metric for route in ours - wanted}
    return tuple(
        RouteAction(_addition(plan.family, w.route.metric in keys), w.route, w.reason)
        for w in sorted(plan.routes, key=lambda w: w.route.metric)
        if w.possible and w.route not in ours
    )


def deletions(plan: Plan, seen: Iterable[Route]) -> tuple[RouteAction, ...]:
    """The routes of ours to delete, where `seen` was read after the additions, in their order.

    A route of an uplink goes when the one that takes its place was seen. Without that it goes only
    from before the active uplink's route: traffic must not stay on an uplink that it was moved
    from. Nothing goes while the active uplink's route should be there, and was not seen.
    """
    seen = tuple(seen)
    ours = _ours(plan, seen)
    wanted = {w.route for w in plan.routes}
    of_line = {w.route.interface: w for w in plan.routes}
    active = plan.active if plan.active in seen else None
    if active is None and any(w.route == plan.active and w.possible for w in plan.routes):
        return ()
    return tuple(
        RouteAction(Change.DELETE, route, _why_deleted(route, of_line.get(route.interface)))
        for route in sorted(ours - wanted - plan.kept, key=partial(_turn, active))
        if _may_go(route, of_line.get(route.interface), ours, active)
    )


def _may_go(
    route: Route, instead: DesiredRoute | None, ours: set[Route], active: Route | None
) -> bool:
    if instead is not None and instead.route in ours:
        return True
    return active is not None and (instead is None or route.metric <= active.metric)


def _turn(active: Route | None, route: Route) -> tuple[bool, int]:
    """Sorts deletions."""
    return active is not None and route.metric > active.metric, -route.metric


def _ours(plan: Plan, seen: Iterable[Route]) -> set[Route]:
    return {route for route in seen if route.ours and route.family is plan.family}


def _addition(family: Family, key_is_ours: bool) -> Change:
    if not key_is_ours:
        return Change.ADD
    # An IPv6 append would make a multipath route of the two.
    return Change.APPEND if family is Family.IPV4 else Change.REPLACE


def _why_deleted(route: Route, instead: DesiredRoute | None) -> str:
    if instead is None:
        return "belongs to no uplink of the policy"
    if instead.route.gateway != route.gateway:
        return f"the gateway is {instead.route.gateway} now"
    return instead.reason
