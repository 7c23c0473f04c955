"""An ideal kernel's default routes: they change at once, and are refused only by its own laws."""

from collections.abc import Iterable, Iterator

from route_switcher.core.routing.diff import additions, deletions
from route_switcher.core.routing.plan import Plan
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Family
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction

Refusal = tuple[RouteAction, str]


class Table:
    """The default routes of both families, ours and foreign."""

    def __init__(self, found: Iterable[Route] = ()) -> None:
        self._routes: dict[Route, None] = dict.fromkeys(found)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route, in the order in which they came."""
        return tuple(self._routes)

    def best(self, family: Family) -> Route | None:
        """The route that the kernel takes."""
        routes = (r for r in self._routes if r.family is family)
        return min(routes, key=lambda r: r.metric, default=None)

    def put(self, *routes: Route) -> None:
        """Somebody adds routes."""
        self._routes.update(dict.fromkeys(routes))

    def take_away(self, *routes: Route) -> None:
        """Somebody deletes routes; those that are not there do not matter."""
        for route in routes:
            self._routes.pop(route, None)

    def on_link(self, link: LinkState) -> None:
        """Lose what the kernel drops with a link.

        Admin down takes the IPv4 routes of an interface, and a family's last address the routes of
        that family; the loss of a carrier takes none. IPv6 routes go with the interface too.
        """
        kept = link.families if link.present and link.up else ()
        lost = [r for r in self._routes if r.interface == link.interface and r.family not in kept]
        self.take_away(*lost)

    def follow(self, plan: Plan) -> list[Refusal]:
        """Carry out what leads to `plan`, as the daemon does; returns what was refused, and why."""
        refused = self._carry_out(additions(plan, self._routes))
        return refused + self._carry_out(deletions(plan, self._routes))

    def apply(self, action: RouteAction) -> str | None:
        """Carry out one action; returns why the kernel refused it, or None."""
        route = action.route
        same_key = [r for r in self._routes if (r.family, r.metric) == (route.family, route.metric)]
        if action.change is Change.DELETE:
            self.take_away(route)
            return None
        if action.change is Change.ADD and route in same_key:
            return None
        if any(not r.ours for r in same_key):
            return "held by a foreign route"
        if action.change is Change.ADD and same_key:
            return "held by a different route of ours"
        if action.change is Change.REPLACE:
            self.take_away(*same_key)
        self.put(route)
        return None

    def _carry_out(self, actions: Iterable[RouteAction]) -> list[Refusal]:
        tried = ((action, self.apply(action)) for action in actions)
        return [(action, why) for action, why in tried if why is not None]
