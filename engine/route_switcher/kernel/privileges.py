"""The capabilities that the engine cannot work without (capabilities(7))."""

from pathlib import Path

_NEEDED = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}


def missing_capabilities(status: Path = Path("/proc/self/status")) -> tuple[str, ...]:
    """The names of those that this process lacks: to change routes, and to send probes."""
    lines = dict(line.partition(":")[::2] for line in status.read_text().splitlines())
    effective = int(lines["CapEff"], 16)
    return tuple(name for name, bit in _NEEDED.items() if not effective >> bit & 1)
