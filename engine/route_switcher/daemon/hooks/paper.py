"""What runs a program; and what does so where none is to be run: it only says so."""

import logging
from typing import Protocol

from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.report import say


class RunProgram(Protocol):
    """Runs one program, for as long as its time allows."""

    async def __call__(self, effect: RunHook, policy: Policy) -> str:
        """Why it failed, in words; empty: it ended with exit code 0."""
        ...


async def not_run(effect: RunHook, policy: Policy) -> str:
    """A dry run runs nothing."""
    name = f"{effect.hook.label} ({effect.about(policy)})"
    say(logging.INFO, "hook", f"{name}: would be run now", **effect.log_fields())
    return ""
