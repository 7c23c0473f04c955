"""The capabilities that the engine cannot work without (capabilities(7))."""

from dataclasses import dataclass
from pathlib import Path

NET_ADMIN = "CAP_NET_ADMIN"
NET_RAW = "CAP_NET_RAW"
_NEEDED = {NET_ADMIN: 12, NET_RAW: 13}
_OURS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Those of a process, of the ones that the engine needs; and its users (real, effective, …)."""

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


def missing_capabilities(status: Path = _OURS) -> tuple[str, ...]:
    """The names of those that this process lacks: to change routes, and to send probes."""
    held = capabilities(status).effective
    return tuple(name for name in _NEEDED if name not in held)


def _named(mask: str) -> frozenset[str]:
    return frozenset(name for name, bit in _NEEDED.items() if int(mask, 16) >> bit & 1)
