"""The engine that runs in this network namespace, if one does."""

from dataclasses import dataclass
from enum import Enum


class Reply(Enum):
    """What becomes of a question to it."""

    ANSWERS = "answers"
    SILENT = "silent"
    """It says nothing in time."""
    FORBIDDEN = "forbidden"
    """This user may not ask it."""
    NOWHERE = "nowhere"
    """It has no control socket where this user looks for it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Whether one runs, by the name that it holds (`kernel.host.lock_name`)."""

    runs: bool
    pid: int | None = None
    """None: the kernel does not tell."""
    reply: Reply = Reply.NOWHERE
    stands_still: bool = False
    """Somebody has stopped it (SIGSTOP), or traces it."""
    stranger: str | None = None
    """Who holds its name and cannot be an engine; the engine ignores that."""
    places: tuple[str, ...] = ()
    """Where its control socket is looked for."""
