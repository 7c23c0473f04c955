"""Something asynchronous, cancelled after each of its steps in turn."""

from collections.abc import Awaitable, Callable
from itertools import count

import trio

Wanted = Callable[[trio.lowlevel.Task], bool]


class _Cancelling(trio.abc.Instrument):
    """Cancels `scope` when a task that is `wanted` has taken a step for the nth time."""

    def __init__(self, scope: trio.CancelScope, at: int, wanted: Wanted) -> None:
        self._scope = scope
        self._left = at
        self._wanted = wanted

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if self._wanted(task):
            self._left -= 1
            if not self._left:
                self._scope.cancel()


async def cancelled_after(
    run: Callable[[], Awaitable[object]], step: int, wanted: Wanted = lambda _: True
) -> bool:
    """Run it, and cancel it in the moment in which tasks that are `wanted` have taken so many steps
    in all. Whether it came to that."""
    with trio.CancelScope() as scope:
        cancelling = _Cancelling(scope, step, wanted)
        trio.lowlevel.add_instrument(cancelling)
        try:
            await run()
        finally:
            trio.lowlevel.remove_instrument(cancelling)
    return scope.cancel_called


async def cancelled_everywhere(run: Callable[[], Awaitable[object]], most: int = 1000) -> int:
    """Run it again and again, and cancel it after the first step of any task, after the second,
    until it ends before that. How often it was cancelled.

    Nothing but a clean end may come out of it.
    """
    for step in count(1):
        assert step <= most
        if not await cancelled_after(run, step):
            return step - 1
    raise AssertionError
