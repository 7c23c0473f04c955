"""The capabilities that the engine may need, and those that a process has (capabilities(7))."""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

NET_ADMIN = "CAP_NET_ADMIN"
NET_RAW = "CAP_NET_RAW"
KNOWN = {NET_ADMIN: 12, NET_RAW: 13}
"""Their numbers (linux/capability.h)."""
_OURS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Those of `KNOWN` that a process has, and its users (real, effective, …)."""

    effective: frozenset[str]
    ambient: frozenset[str]
    uids: frozenset[int]


def capabilities(status: Path = _OURS) -> Capabilities:
    """What that file says (proc_pid_status(5)). Raises OSError."""
    lines = dict(line.partition(":")[::2] for line in status.read_text().splitlines())
    return Capabilities(
        _named(lines["CapEff"]),
        _named(lines.get("CapAmb", "0")),
        frozenset(map(int, lines.get("Uid", "").split())),
    )


def missing_capabilities(needed: Set[str], status: Path = _OURS) -> tuple[str, ...]:
    """The names of those of `needed` that this process lacks, by their numbers. Raises OSError,
    and KeyError for one that is not among `KNOWN`."""
    return tuple(sorted(needed - capabilities(status).effective, key=KNOWN.__getitem__))


def _named(mask: str) -> frozenset[str]:
    return frozenset(name for name, bit in KNOWN.items() if int(mask, 16) >> bit & 1)
