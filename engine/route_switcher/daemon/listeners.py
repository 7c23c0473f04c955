"""Who else hears what the log says: every line from level info up, also where the log leaves it
out by its own level or limit."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Heard:
    """A line of the log; `fields` are those of its JSON form."""

    level: int
    event: str
    message: str
    fields: Mapping[str, object]


Hear: TypeAlias = Callable[[Heard], None]

_LISTENERS: list[Hear] = []


@contextmanager
def listening(hear: Hear) -> Iterator[None]:
    """Meanwhile `hear` is called with every line. It must neither wait nor raise."""
    _LISTENERS.append(hear)
    try:
        yield
    finally:
        _LISTENERS.remove(hear)


def let_hear(level: int, event: str, message: str, fields: Mapping[str, object]) -> None:
    """Let everybody hear a line."""
    if _LISTENERS and level >= logging.INFO:
        heard = Heard(level, event, message, fields)
        for hear in _LISTENERS:
            hear(heard)
