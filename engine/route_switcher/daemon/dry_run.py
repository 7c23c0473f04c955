"""Where the route actions of a dry run go: onto paper."""

from collections.abc import Callable

from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.daemon.reconcile import Table


class DryRunTable:
    """Prints each route action, and remembers it, so that the next ones follow from it.

    Begins with what `kernel` has, and writes nothing to it.
    """

    def __init__(self, kernel: Table, show: Callable[[RouteAction], None]) -> None:
        self._kernel = kernel
        self._show = show
        self._routes: dict[Route, None] | None = None

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """The routes as they would be now."""
        if self._routes is None:
            self._routes = dict.fromkeys(await self._kernel.default_routes())
        return tuple(r for r in self._routes if r.ours or not ours_only)

    async def apply(self, action: RouteAction) -> str | None:
        """Print it; nothing is refused on paper."""
        self._show(action)
        routes = dict.fromkeys(await self.default_routes())
        route = action.route
        if action.change is Change.REPLACE:
            key = (route.family, route.metric)
            routes = {r: None for r in routes if (r.family, r.metric) != key}
        if action.change is Change.DELETE:
            routes.pop(route, None)
        else:
            routes[route] = None
        self._routes = routes
        return None
