"""One row of the table of faults, as data: what happens, and what must hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from faults.bench import Bench
from faults.policy import Settings
from route_switcher.lab.topology import Lab
from support.machine_cost import A_MOMENT as A_MOMENT
from support.tables import Key

Act: TypeAlias = Callable[[Bench], None]

PREFERRED: frozenset[Key] = frozenset({("eth0", 10), ("eth1", 20)})
"""Our routes with the primary active."""
FAILED_OVER: frozenset[Key] = frozenset({("eth0", 1010), ("eth1", 20)})
"""Our routes with the secondary active."""
ALONE: frozenset[Key] = frozenset({("eth1", 20)})
"""Our routes while the kernel can hold none of the primary."""


@dataclass(frozen=True, slots=True)
class Step:
    """An act, and what must hold after it."""

    act: Act
    then: str
    """What must hold, in the words of the printed table."""
    moves: tuple[str, ...] | None = ()
    """The uplinks that the engine selects, in turn. None: that is left to chance."""
    taken: str | None = "eth0"
    """The interface that the kernel takes in the end; None: it has no way."""
    routes: frozenset[Key] | None = PREFERRED
    """Our routes in the end. None: not judged, since they keep changing."""
    path: tuple[str | None, ...] | None = None
    """The interfaces of the best default route, in turn, by every message of the kernel (None among
    them: there was no route). None: not judged, since some faults take routes without a message."""
    says: tuple[tuple[str, str], ...] = ()
    """Events of the log, each with a part of its message."""
    flows: bool = True
    """Whether traffic gets through in the end."""
    lost: int | None = None
    """Packets that may be lost at most, what the machine kept back left out (`machine_cost`). None:
    not judged."""
    lines: int | None = None
    """Lines of the log that may be written at most, those of level debug left out, and those about
    rounds (`playing`). None: not judged."""
    within: float | None = None
    """Seconds from the first failed round's sending to the decision, at most, what the machine kept
    back left out."""
    rounds: int = 5
    """For so many rounds of each uplink nothing else may happen."""


@dataclass(frozen=True, slots=True)
class Row:
    """A fault: it comes, and it goes."""

    name: str
    fault: Step
    mended: Step | None = None
    prepare: Callable[[Lab], None] = field(default=lambda _: None)
    """What is done before the engine starts."""
    before: Act = field(default=lambda _: None)
    """What is done before the fault comes; not measured."""
    settings: Settings = field(default_factory=Settings)
    environment: Callable[[Path], Mapping[str, str]] = field(default=lambda _: {})
    """Variables of the engine's process, whose files are in this folder."""
    first: Callable[[Path], str] = field(default=lambda _: "")
    """Python that the engine's process runs before all else, whose files are in this folder."""
    slow: bool = True
    """It is left to `make faults`."""
    alone: bool = False
    """It takes so much of the whole machine that no other may run beside it."""
    missing: str = ""
    """Why it cannot be run on this machine, or nothing."""
