"""Runs programs of hooks, and tells of them."""

import logging
from collections.abc import Sequence
from datetime import datetime

import trio

from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.hooks.facts import document, environment
from route_switcher.daemon.report import say
from route_switcher.programs import supervised
from route_switcher.programs.output import Output
from route_switcher.programs.supervised import Ended
from route_switcher.text.quantities import counted

AT_ONCE = 8
"""Programs that may run at a time; others wait. Each has a supervisor of some 9 MB beside it."""


class Programs:
    """Runs them."""

    def __init__(self) -> None:
        self._room = trio.Semaphore(AT_ONCE)

    async def run(self, effect: RunHook, policy: Policy) -> str:
        """Run one, and tell of it; why it failed, in words, or nothing."""
        async with self._room:
            began, output = trio.current_time(), Output()
            try:
                ended = await _run(effect, output)
            except (OSError, RuntimeError, UnicodeEncodeError) as error:
                ended = Ended(supervised.why_not_started(error), began=False)
            _tell(effect, policy, ended, output.lines(), trio.current_time() - began)
        return ended.problem


async def _run(effect: RunHook, output: Output) -> Ended:
    clock = WallClock(trio.current_time(), datetime.now().astimezone())
    hook = effect.hook
    return await supervised.run(
        hook.run, environment(effect, clock), document(effect, clock), hook.timeout, output
    )


def _tell(
    effect: RunHook, policy: Policy, ended: Ended, output: Sequence[str], seconds: float
) -> None:
    hook = effect.hook
    name = f"{hook.label} ({effect.about(policy)})"
    fields = effect.log_fields() | {"seconds": round(seconds, 3), "problem": ended.problem}
    for line in output:
        say(logging.INFO, "hook-output", f"{name}: {line}", **effect.log_fields())
    if ended.left:
        rest = counted(ended.left, "process", "processes")
        stuck = f"; {ended.stuck} of them could not be" if ended.stuck else ""
        text = f"{name}: left {rest} behind, which were ended{stuck}"
        say(logging.WARNING, "hook", text, **fields)
    if ended.problem:
        of = f"attempt {effect.attempt} of {hook.attempts}"
        say(logging.WARNING, "hook", f"{name}: {of} failed: {ended.problem}", **fields)
    else:
        say(logging.INFO, "hook", f"{name}: done in {seconds:.2f} s", **fields)
