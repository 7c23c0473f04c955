"""Reads how full the table of tracked connections is."""

from pathlib import Path

from route_switcher.doctor.connections import Connections

_NETFILTER = Path("/proc/sys/net/netfilter")


def connections() -> Connections | None:
    """That of this network namespace; None: the kernel tracks none."""
    try:
        entries, most = (
            int((_NETFILTER / f"nf_conntrack_{name}").read_text()) for name in ("count", "max")
        )
    except (OSError, ValueError):
        return None
    return Connections(entries, most)
