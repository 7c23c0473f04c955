"""Machines to draft a policy for, and what comes of them."""

from ipaddress import ip_address, ip_interface

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.drafting.draft import Draft, draft
from route_switcher.drafting.text import write
from route_switcher.kernel.host.snapshot import HostSnapshot, Interface
from route_switcher.policy.load import load_text

BOOT, STATIC, RA, DHCP = 3, 4, 9, 16

CONNECTIONS_PACE = "interval: 10s\n    fast_interval: 2s  # once one has failed\n    timeout: 2s"
"""How often a draft asks for connections."""


def nic(
    name: str,
    *addresses: str,
    up: bool = True,
    peer: str = "",
    strict: bool = False,
    point_to_point: bool = False,
) -> Interface:
    remedy = f"sysctl -w net.ipv4.conf.{name}.rp_filter=2" if strict else None
    peers = (ip_address(peer),) if peer else ()
    return Interface(name, up, tuple(map(ip_interface, addresses)), peers, remedy, point_to_point)


def route(
    interface: str,
    gateway: str | None,
    metric: int,
    protocol: int = STATIC,
    family: Family = Family.IPV4,
    kind: RouteKind = RouteKind.UNICAST,
) -> Route:
    address = ip_address(gateway) if gateway else None
    if address is not None and family is Family.IPV4:
        family = Family(address.version)
    return Route(family, interface, address, metric, protocol, kind)


FIBRE = nic("eth0", "198.51.100.2/25")
LTE = nic("wwan0", "198.51.100.130/25")
BOTH = HostSnapshot(
    (FIBRE, LTE),
    (route("eth0", "198.51.100.1", 100), route("wwan0", "198.51.100.129", 700)),
)


def read(host: HostSnapshot) -> tuple[Draft, str, Policy]:
    drafted = draft(host)
    text = write(drafted)
    return drafted, text, load_text(text, "draft")


def uplinks(host: HostSnapshot) -> list[tuple[str, str, str, int]]:
    policy = read(host)[2]
    return [(u.name, u.interface, str(u.gateway), u.metric) for u in policy.uplinks]


def said(host: HostSnapshot) -> str:
    """Everything that the draft says, on one line."""
    drafted = draft(host)
    tasks = [" ".join([task.text, *task.lines]) for task in drafted.tasks]
    return " | ".join([*drafted.assumed, *tasks])


def uncommented(text: str, **completed: str) -> str:
    """The policy with its commented uplinks made real, each `?` replaced by that in `completed`."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        name = line.removeprefix("  # ").removesuffix(":").strip("'")
        if line.startswith("  # ") and line.endswith(":") and name in completed:
            for place in range(number, number + 4):
                bare = lines[place].removeprefix("  # ")
                lines[place] = "  " + bare.replace("gateway: ?", f"gateway: {completed[name]}")
    return "\n".join(lines)
