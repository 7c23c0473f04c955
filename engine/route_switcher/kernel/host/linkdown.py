"""Has the kernel skip routes whose interface has no carrier (ip-sysctl in the kernel's documents).

`ignore_routes_with_linkdown` lets the next best route take over within milliseconds of a carrier's
loss, sooner than any process can. It belongs to an interface, and is off when one is made.
"""

from pathlib import Path

_CONF = Path("/proc/sys/net")
_FAMILIES = ("ipv4", "ipv6")


def ignore_linkdown(interface: str, on: bool = True, conf: Path = _CONF) -> str | None:
    """Turn it on or off for `interface`, in both families; None, or why that was refused."""
    for family in _FAMILIES:
        switch = conf / family / "conf" / interface / "ignore_routes_with_linkdown"
        try:
            switch.write_text(str(int(on)))
        except FileNotFoundError:
            continue  # the interface has just gone, or the kernel lacks the family
        except OSError as error:
            return f"{switch}: {error.strerror}"
    return None
