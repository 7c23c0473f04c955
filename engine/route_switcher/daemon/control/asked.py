"""What answers clients: the engine, as far as it is asked, and the form of a reply."""

from typing import Any, Protocol, TypeAlias

from route_switcher.core.vocabulary.commands import Command
from route_switcher.core.vocabulary.status import Status
from route_switcher.daemon.submitted import Outcome

Reply: TypeAlias = dict[str, Any]


class Engine(Protocol):
    """What is asked of the service."""

    def status(self) -> Status:
        """What the engine knows now."""
        ...

    async def submit(self, command: Command) -> Outcome | None:
        """Have a command carried out."""
        ...
