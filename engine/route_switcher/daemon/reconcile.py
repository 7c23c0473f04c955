"""Bringing the kernel to the plan, so that there is never a moment without a default route."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from route_switcher.core.diff import diff
from route_switcher.core.plan import Plan
from route_switcher.core.routes import Change, Route, RouteAction


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

    The deletions are worked out anew from what was read back: where the active uplink's route was
    refused or has vanished, nothing is deleted. One refused action does not stop the others.
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
    seen = await table.default_routes(ours_only=True)
    additions = [a for plan in plans for a in diff(plan, seen) if a.change is not Change.DELETE]
    await carry_out(additions)
    if additions:
        seen = await table.default_routes(ours_only=True)
    for plan in plans:
        if plan.active in seen:
            await carry_out(a for a in diff(plan, seen) if a.change is Change.DELETE)
    return Reconciled(tuple(done), tuple(refused))
