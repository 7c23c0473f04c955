"""Routes of any table as the kernel tells them, whoever wrote them (rtnetlink(7))."""

from dataclasses import dataclass
from enum import Enum

from route_switcher.core.vocabulary.routes import RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family


class RouterPreference(Enum):
    """How much a router asks to be preferred (RFC 4191)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class RouteScope(Enum):
    """How far the destination of a route is (the rtm_scope of rtnetlink(7))."""

    UNIVERSE = "universe"
    """Behind a gateway. IPv6 routes never have another scope."""
    SITE = "site"
    LINK = "link"
    """On the link itself: a route that names no gateway."""
    HOST = "host"
    NOWHERE = "nowhere"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KernelHop:
    """One next hop. `interface` is empty where it has none, or where that is gone by now."""

    interface: str
    gateway: Address | None
    """None: the route leads to the device alone. May be of the other family (RTA_VIA)."""
    onlink: bool = False
    """The gateway is taken to be on the link, though no network of the interface has it."""
    linkdown: bool = False
    """The link has no carrier. The kernel uses the hop all the same, unless it is set not to."""
    dead: bool = False
    """The kernel does not use the hop."""


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """A route of any table, or the one that the kernel found for a packet."""

    family: Family
    table: int
    protocol: int
    """Who wrote it (`routes.PROTOCOL_NAMES`)."""
    kind: RouteKind
    scope: RouteScope
    metric: int
    hops: tuple[KernelHop, ...]
    """More than one: a multipath route. None: a blackhole and its like, or a nexthop object that
    the kernel shows by its number only (sysctl nexthop_compat_mode=0)."""
    prefix_length: int = 0
    """Of the destination. 0: a default route."""
    source: Address | None = None
    """The address that packets are sent from, where the route says so."""
    mtu: int | None = None
    """Bytes, where the route says so."""
    expires: float | None = None
    """Seconds until the kernel stops using it; 0 or less: it has stopped, and has not deleted it
    yet, which takes up to 30 seconds more. None: it stays."""
    preference: RouterPreference = RouterPreference.MEDIUM
    nexthop: int = 0
    """The number of the nexthop object that it leads through; 0: none."""
    for_one_flow: bool = False
    """The answer is about this one packet, not about the route that matched it: from a question
    with `Lookup.with_exceptions`, or from a kernel before Linux 4.13. Protocol and metric may be
    missing then, and a bound IPv4 socket with no route looks as if it had one."""

    @property
    def default(self) -> bool:
        """Whether it matches every destination."""
        return self.prefix_length == 0
