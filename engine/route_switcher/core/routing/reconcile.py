"""Bringing the kernel to the plan, so that there is never a moment without a default route.

Nothing here touches a kernel: `reconcile` and `converge` are generators that ask for one thing at a
time, and are sent what came of it. The daemon and the virtual world drive them.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.core.routing.diff import additions, deletions
from route_switcher.core.routing.plan import Plan
from route_switcher.core.vocabulary.routes import Route, RouteAction

ATTEMPTS = 5
"""Times in a row after one event: a refusal may change the plan, but not for ever."""

DELETIONS = 32
"""Routes of a family that are deleted in one reconcile at most. A policy needs a few; more are ours
only if somebody else adds them, and everything waits for a reconcile. 32 take about 5 ms."""


@dataclass(frozen=True, slots=True)
class ReadRoutes:
    """Wants the default routes, as `Reply`; of all, or only ours."""

    ours_only: bool


Request: TypeAlias = ReadRoutes | RouteAction
Reply: TypeAlias = tuple[Route, ...] | str | None
"""To `ReadRoutes` the routes; to a route action None, or why it was refused, in words."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it: the actions that were carried out, and those refused with the reason."""

    done: tuple[RouteAction, ...]
    refused: tuple[tuple[RouteAction, str], ...]
    unfinished: bool = False
    """Whether more than `DELETIONS` routes should go, so that some are left."""

    @property
    def changed(self) -> bool:
        """Whether anything was tried."""
        return bool(self.done or self.refused)


def reconcile(plans: Iterable[Plan]) -> Generator[Request, Reply, Reconciled]:
    """Make all additions of every plan, read back, and only then delete what should go.

    The deletions follow from what was read back: while nothing carries the traffic of the active
    uplink, or an uplink's other route is not there, its old one stays. At most `DELETIONS` go of
    each family. One refused action does not stop the others.
    """
    done: list[RouteAction] = []
    refused: list[tuple[RouteAction, str]] = []
    plans = tuple(plans)
    # Where a foreign route carries the traffic, it must be seen as well.
    look = ReadRoutes(all(plan.active is None or plan.active.ours for plan in plans))
    seen = _routes((yield look))
    to_add = [action for plan in plans for action in additions(plan, seen)]
    yield from _carry_out(to_add, done, refused)
    if to_add:
        seen = _routes((yield look))
    to_delete = [deletions(plan, seen) for plan in plans]
    for actions in to_delete:
        yield from _carry_out(actions[:DELETIONS], done, refused)
    unfinished = any(len(actions) > DELETIONS for actions in to_delete)
    return Reconciled(tuple(done), tuple(refused), unfinished)


class Convergence:
    """Follows the plans of an engine as they change. `plans` gives those of now."""

    def __init__(self, plans: Callable[[], tuple[Plan, ...]]) -> None:
        self._plans = plans
        self._planned: tuple[Plan, ...] = ()
        self._asked = False

    @property
    def due(self) -> bool:
        """Whether the kernel is to be brought to the plan: it changed, or somebody asked."""
        return self._asked or self._plans() != self._planned

    def ask(self) -> None:
        """Bring the kernel to the plan, though that has not changed."""
        self._asked = True

    def steps(self) -> Generator[Request | Reconciled, Reply, None]:
        """All that is to be done after one event. For each `Reconciled` the driver tells the engine
        what came of it, which may change the plan."""
        for _ in range(ATTEMPTS):
            self._asked = False
            self._planned = self._plans()
            yield (yield from reconcile(self._planned))
            # What was refused is out of the new plan, or (a deletion) would be refused again.
            if not self.due:
                break


def _carry_out(
    actions: Iterable[RouteAction],
    done: list[RouteAction],
    refused: list[tuple[RouteAction, str]],
) -> Generator[RouteAction, Reply, None]:
    for action in actions:
        why = yield action
        if isinstance(why, str):
            refused.append((action, why))
        else:
            done.append(action)


def _routes(reply: Reply) -> tuple[Route, ...]:
    assert isinstance(reply, tuple)
    return reply
