"""Brings the kernel to the plan: carries out the steps of `core.routing.reconcile`."""

from collections.abc import Awaitable, Callable, Generator
from typing import Protocol, assert_never

from route_switcher.core.routing.reconcile import (
    ReadRoutes,
    ReadRules,
    Reconciled,
    Reply,
    Request,
)
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Route, RouteAction


class Table(Protocol):
    """Where route actions and rule actions go: the kernel, or the record of a dry run."""

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """The default routes of the tables that matter."""
        ...

    async def apply(self, action: RouteAction) -> str | None:
        """Carry out one route action; None if it is done, else why it was refused, in words."""
        ...

    async def our_rules(self) -> tuple[RoutingRule, ...]:
        """The rules of ours of both families, in the kernel's order."""
        ...

    async def apply_rule(self, action: RoutingRuleAction) -> str | None:
        """Carry out one rule action; None if it is done, else why it was refused, in words."""
        ...


async def carry_out(
    steps: Generator[Request | Reconciled, Reply, None],
    table: Table,
    tell: Callable[[Reconciled], Awaitable[None]],
) -> None:
    """Carry out all steps on `table`, and `tell` what came of each reconcile."""
    reply: Reply = None
    while True:
        try:
            step = steps.send(reply)
        except StopIteration:
            return
        match step:
            case ReadRoutes():
                reply = await table.default_routes(ours_only=step.ours_only)
            case RouteAction():
                reply = await table.apply(step)
            case ReadRules():
                reply = await table.our_rules()
            case RoutingRuleAction():
                reply = await table.apply_rule(step)
            case Reconciled():
                await tell(step)
                reply = None
            case _:
                assert_never(step)
