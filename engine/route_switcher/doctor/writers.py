"""Other programs that write routes, as far as their configuration matters to us."""

from dataclasses import dataclass

from route_switcher.doctor.processes import Processes
from route_switcher.doctor.unread import Unread


@dataclass(frozen=True, slots=True)
class Networkd:
    """Settings of systemd-networkd (networkd.conf(5))."""

    manages_routes: bool = True
    """At its start it removes routes that it did not write (ManageForeignRoutes=)."""
    manages_rules: bool = True
    """The same for routing rules (ManageForeignRoutingPolicyRules=)."""


@dataclass(frozen=True, slots=True)
class Writers:
    """What runs beside us."""

    processes: Processes | Unread
    networkd: Networkd = Networkd()
    dhclient_hook: bool = False
    """dhclient runs our hook (examples/dhcp-clients) at each lease."""
