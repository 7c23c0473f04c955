"""Finds strict reverse path filtering (rp_filter in the kernel's ip-sysctl documentation).

Strict (1) drops what comes in by an uplink that is not the best route back, so also the answers to
the probes of every standby uplink. Loose (2) and off (0) let them in. The kernel goes by the
greater of two values, the interface's own and that for all. IPv6 has no such filter.
"""

from pathlib import Path

from route_switcher.core.routing.remedies import filter_loosening

_CONF = Path("/proc/sys/net/ipv4/conf")
_STRICT = 1


def strict_rp_filter(interface: str, conf: Path = _CONF) -> str | None:
    """The sysctl that makes the filter of `interface` strict, or None if it is not strict."""
    values = {name: _value(conf / name) for name in (interface, "all")}
    if max(values.values()) != _STRICT:
        return None
    return next(_sysctl(name) for name, value in values.items() if value == _STRICT)


def rp_filter_remedy(interface: str) -> str:
    """The command that makes the filter of `interface` loose, whatever the value for all is."""
    return filter_loosening(interface)


def _value(directory: Path) -> int:
    """0, off, where there is no such interface, or no such file that we may read."""
    try:
        return int((directory / "rp_filter").read_text())
    except (OSError, ValueError):
        return 0


def _sysctl(name: str) -> str:
    """sysctl(8) takes a slash for a dot within a name, as in eth0.100."""
    return f"net.ipv4.conf.{name.replace('.', '/')}.rp_filter"
