"""Bringing the kernel to the plan, so that there is never a moment without a default route."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from route_switcher.core.routing.diff import additions, deletions
from route_switcher.core.routing.plan import Plan
from route_switcher.core.vocabulary.routes import Route, RouteAction


class Table(Protocol):
    """Where route actions go: the kernel, or the record of a dry run."""

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        """The default routes of the main table."""
        ...

    async def apply(self, action: RouteAction) -> str | None:
        """Carry out one route action; None if it is done, else why it was refused, in words."""
        ...


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it: the actions that were carried out, and those refused with the reason."""

    done: tuple[RouteAction, ...]
    refused: tuple[tuple[RouteAction, str], ...]

    @property
    def changed(self) -> bool:
        """Whether anything was tried."""
        return bool(self.done or self.refused)


async def reconcile(table: Table, plans: Iterable[Plan]) -> Reconciled:
    """Make all additions of every plan, read back, and only then delete what should go.

    The deletions follow from what was read back: while nothing carries the traffic of the active
    uplink, or an uplink's other route is not there, its old one stays. One refused action does not
    stop the others.
    """
    done: list[RouteAction] = []
    refused: list[tuple[RouteAction, str]] = []

    async def carry_out(actions: Iterable[RouteAction]) -> None:
        for action in actions:
            why = await table.apply(action)
            if why is None:
                done.append(action)
            else:
                refused.append((action, why))

    plans = tuple(plans)
    # Where a foreign route carries the traffic, it must be seen as well.
    ours_only = all(plan.active is None or plan.active.ours for plan in plans)
    seen = await table.default_routes(ours_only=ours_only)
    to_add = [action for plan in plans for action in additions(plan, seen)]
    await carry_out(to_add)
    if to_add:
        seen = await table.default_routes(ours_only=ours_only)
    for plan in plans:
        await carry_out(deletions(plan, seen))
    return Reconciled(tuple(done), tuple(refused))
