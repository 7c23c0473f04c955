"""Finds settings that keep an interface from IPv6 (the kernel's ip-sysctl documentation).

`disable_ipv6` = 1 takes all IPv6 addresses and routes from it. `accept_ra` = 1 takes router
advertisements only where nothing is forwarded, so a router that is to learn a next hop from them
needs 2. With 0 the kernel takes none, which is no fault: programs that take them themselves set it
(systemd-networkd, dhcpcd).
"""

from pathlib import Path

from route_switcher.core.routing.remedies import ipv6_enabling, ra_acceptance

_CONF = Path("/proc/sys/net/ipv6/conf")


def what_disables_ipv6(interface: str, conf: Path = _CONF) -> str | None:
    """The setting that disables IPv6 on `interface` and the command that ends that, in words; None:
    there is none, or it cannot be read."""
    if _value(conf / interface / "disable_ipv6") != 1:
        return None
    return f"IPv6 is disabled on {interface} (disable_ipv6 = 1): {ipv6_enabling(interface)}"


def what_ignores_advertisements(interface: str, conf: Path = _CONF) -> str | None:
    """Why the kernel ignores router advertisements at `interface`, though it seems to be told to
    take them, and the command that ends that, in words; None: it takes them, or is told not to."""
    values = [_value(conf / interface / name) for name in ("accept_ra", "forwarding")]
    if values != [1, 1]:
        return None
    return (
        f"the kernel ignores router advertisements at {interface} (accept_ra = 1, while it "
        f"forwards), so it learns no next hop from them: {ra_acceptance(interface)}"
    )


def _value(file: Path) -> int | None:
    """None where there is no such interface, or no such file that we may read."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
