"""How many connections the kernel tracks (nf_conntrack-sysctl in the kernel's documentation)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connections:
    """The table of tracked connections."""

    entries: int
    most: int
    """How many it takes; 0: as many as there are."""
