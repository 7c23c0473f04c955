"""What was read of the machine: the one thing that checks judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from route_switcher.doctor.access import Access
from route_switcher.doctor.connections import Connections
from route_switcher.doctor.engine import Engine
from route_switcher.doctor.firewall.ruleset import Firewall
from route_switcher.doctor.interfaces import Interfaces
from route_switcher.doctor.network import Network
from route_switcher.doctor.resolvers import Resolvers
from route_switcher.doctor.settings import Settings
from route_switcher.doctor.unread import Unread
from route_switcher.doctor.writers import Writers


@dataclass(frozen=True, slots=True)
class Machine:
    """This network namespace, all read at about the same time. What could not be read is
    `Unread`."""

    network: Network
    settings: Settings
    leases: Mapping[str, tuple[IPv4Address, ...]]
    """The routers that dhclient's latest lease of an interface names, by the kernel's own name."""
    engine: Engine
    interfaces: Interfaces
    firewall: Firewall | Unread
    connections: Connections | None
    """None: the kernel tracks none."""
    resolvers: Resolvers | Unread
    writers: Writers
    access: Access
    kernel: str
    """Its name and release."""
