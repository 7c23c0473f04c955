"""Where the route actions of a dry run go: onto paper."""

from collections.abc import Callable

from route_switcher.core.routing.reconcile import Action
from route_switcher.core.routing.table import RouteTable
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Route, RouteAction
from route_switcher.daemon.carry_out import Table


class DryRunTable:
    """Prints each action, and remembers it, so that the next ones follow from it.

    Begins with what `kernel` has, and writes nothing to it.
    """

    def __init__(self, kernel: Table, show: Callable[[Action], None]) -> None:
        self._kernel = kernel
        self._show = show
        self._paper: RouteTable | None = None

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """The routes as they would be now."""
        paper = await self._begun()
        return tuple(route for route in paper.routes if route.ours or not ours_only)

    async def apply(self, action: RouteAction) -> str | None:
        """Print it, unless the kernel would refuse it: then say why."""
        paper = await self._begun()
        refused = paper.apply(action)
        if refused is None:
            self._show(action)
        return refused

    async def our_rules(self) -> tuple[RoutingRule, ...]:
        """The rules of ours as they would be now."""
        return (await self._begun()).rules.ours

    async def apply_rule(self, action: RoutingRuleAction) -> str | None:
        """Print it."""
        refused = (await self._begun()).rules.apply(action)
        if refused is None:
            self._show(action)
        return refused

    async def _begun(self) -> RouteTable:
        if self._paper is None:
            self._paper = RouteTable(await self._kernel.default_routes())
            self._paper.rules.put(*await self._kernel.our_rules())
        return self._paper
