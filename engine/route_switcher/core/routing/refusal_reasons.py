"""Why the kernel refuses a route, or the deletion of one, in words: the link, the gateway, or who
holds the metric."""

from collections.abc import Iterable

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.link_troubles import describe_refusal, trouble_for_routes
from route_switcher.core.vocabulary.routes import Route

APPENDED = "somebody appended it to a route of ours, and only they can delete it"
"""The refusal to delete a next hop that is not ours, though it is shown so."""


def link_trouble(route: Route, link: LinkState) -> str | None:
    """What is wrong with `link` as an interface for `route`, if anything is."""
    trouble = trouble_for_routes(link, route.family)
    return None if trouble is None else describe_refusal(trouble, link.interface, route.family)


def gateway_elsewhere(route: Route) -> str:
    """That no network of the route's interface has its gateway."""
    return f"gateway {route.gateway} is not in a network of {route.interface}"


def foreign_holder(route: Route, routes: Iterable[Route]) -> str | None:
    """The refusal for a metric that a foreign route of `routes` holds, if one does."""
    # Of a multipath route that is shown as ours, a part is not: we make none.
    holders = [o for o in _at_metric_of(route, routes) if not o.ours or (o.hops and o != route)]
    return _held(route, "foreign", holders[0]) if holders else None


def own_holder(route: Route, routes: Iterable[Route]) -> str | None:
    """The refusal for a metric that another route of ours among `routes` holds, if one does."""
    holders = [other for other in _at_metric_of(route, routes) if other.ours and other != route]
    return _held(route, "different", holders[0]) if holders else None


def _at_metric_of(route: Route, routes: Iterable[Route]) -> list[Route]:
    key = (route.family, route.table, route.destination, route.metric)
    return [r for r in routes if (r.family, r.table, r.destination, r.metric) == key]


def _held(route: Route, which: str, holder: Route) -> str:
    return f"metric {route.metric} is held by a {which} route: {holder.with_protocol}"
