"""What a check is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.doctor.finding import Fault, Finding
from route_switcher.doctor.machine import Machine

Judge: TypeAlias = Callable[[Machine, Policy], Iterable[Finding]]
"""Pure: the same machine and policy give the same findings."""


@dataclass(frozen=True, slots=True)
class Check:
    """One group of questions about the machine."""

    name: str
    """One or two words with a dash between them: for people and programs."""
    judge: Judge
    faults: tuple[Fault, ...]
    """All that it may find, in the order of docs/doctor.md."""
