"""How the control socket tells of itself in the log."""

from collections.abc import Callable
from typing import TypeAlias

from route_switcher.daemon.report import say

Tell: TypeAlias = Callable[[int, str], None]
"""Writes a line of this level."""


def tell_of_control(level: int, text: str) -> None:
    """A line about the control socket."""
    say(level, "control", text)
