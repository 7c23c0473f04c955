"""An ideal kernel: route actions are carried out at once, by the kernel's own laws."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from route_switcher.core.routing.diff import additions, deletions
from route_switcher.core.routing.plan import Plan
from route_switcher.core.routing.table import RouteTable
from route_switcher.core.vocabulary.routes import Route, RouteAction

Refusal: TypeAlias = tuple[RouteAction, str]


class Table(RouteTable):
    """The default routes of both families, ours and foreign."""

    def __iter__(self) -> Iterator[Route]:
        return iter(self.routes)

    def follow(self, plan: Plan) -> list[Refusal]:
        """Carry out what leads to `plan`, as the daemon does; returns what was refused, and why."""
        refused = self._carry_out(additions(plan, self.routes))
        return refused + self._carry_out(deletions(plan, self.routes))

    def _carry_out(self, actions: Iterable[RouteAction]) -> list[Refusal]:
        tried = ((action, self.apply(action)) for action in actions)
        return [(action, why) for action, why in tried if why is not None]
