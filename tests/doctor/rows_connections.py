"""Faults of the table of tracked connections.

Its limit is the machine's, and a network namespace may only read it. So a file stands in its place;
how many there are is the kernel's own word.
"""

from doctor.box import ROOM
from doctor.planted import Planted

_LIMIT = "/proc/sys/net/netfilter/nf_conntrack_max"


def filled(fault: str, says: str, limit: int, connections: int) -> Planted:
    """So many connections, where the table takes `limit`."""
    return Planted(
        f"connections/{fault}",
        (
            f"mkdir -p {ROOM} && echo {limit} >{ROOM}/limit",
            f"mount --bind {ROOM}/limit {_LIMIT}",
            f"bash -c 'for port in {{1..{connections}}}; do "
            "echo >/dev/udp/198.51.100.129/$port; done' 2>/dev/null || true",
        ),
        "tracked connections",
        says,
    )


ROWS = (
    filled("full", "their table is full (", 90, 94),
    filled("nearly-full", "their table is nearly full (9", 100, 94),
)
