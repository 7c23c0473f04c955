"""An ideal kernel: route actions are carried out at once, by the kernel's own laws."""

from collections.abc import Callable, Generator, Iterator
from typing import assert_never

from route_switcher.core.routing.reconcile import (
    ReadRoutes,
    ReadRules,
    Reconciled,
    Reply,
    Request,
)
from route_switcher.core.routing.table import RouteTable
from route_switcher.core.vocabulary.policy_rules import RoutingRuleAction
from route_switcher.core.vocabulary.routes import Route, RouteAction


class Table(RouteTable):
    """The default routes of both families, ours and foreign."""

    def __iter__(self) -> Iterator[Route]:
        return iter(self.routes)

    def carry_out(
        self,
        steps: Generator[Request | Reconciled, Reply, None],
        tell: Callable[[Reconciled], None],
    ) -> None:
        """Carry out all steps, and `tell` what came of each reconcile, as the daemon does."""
        reply: Reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration:
                return
            match step:
                case ReadRoutes():
                    reply = tuple(r for r in self.routes if r.ours or not step.ours_only)
                case RouteAction():
                    reply = self.apply(step)
                case ReadRules():
                    reply = self.rules.ours
                case RoutingRuleAction():
                    reply = self.rules.apply(step)
                case Reconciled():
                    tell(step)
                    reply = None
                case _:
                    assert_never(step)
