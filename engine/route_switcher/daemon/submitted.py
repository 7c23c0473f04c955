"""A command on its way to the engine, and the way back of what came of it."""

from dataclasses import dataclass

import trio

from route_switcher.core.vocabulary.commands import Command
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.status import Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command: what the engine said, and what it knows once the routes stand."""

    outputs: tuple[Output, ...]
    status: Status


class Submitted:
    """A command that waits for its turn. Who gave it may wait for the outcome, or go away."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._outcome: Outcome | None = None
        self._settled = trio.Event()

    def settle(self, outcome: Outcome | None) -> None:
        """It was carried out; None: a newer one has taken its place."""
        self._outcome = outcome
        self._settled.set()

    async def outcome(self) -> Outcome | None:
        """Wait until it was carried out; None: a newer one has taken its place."""
        await self._settled.wait()
        return self._outcome
