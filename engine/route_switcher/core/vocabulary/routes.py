"""Default routes as the kernel has them, and the route actions that change them."""

from collections.abc import Set
from dataclasses import dataclass, field, replace
from enum import Enum

from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.uplinks import Address, Family, Prefix

PROTOCOL = 115
"""Our rtnetlink protocol number: the mark of the routes that are ours, and the only ones we touch.

Unassigned in rtnetlink.h and in iproute2's rt_protos. `ip route show proto 115` lists them.
"""


FIRST_METRIC = 1
"""Of a route that stands before those of uplinks. Not 0: in IPv6 that means 1024, and in a deletion
any metric."""

LEASE_TABLE = 1115
"""Where the hooks in examples/dhcp-clients write what a lease says. No rule leads there."""

PROTOCOL_NAMES = {
    1: "redirect",
    2: "kernel",
    3: "boot",
    4: "static",
    8: "gated",
    9: "ra",
    11: "zebra",
    12: "bird",
    16: "dhcp",
    18: "keepalived",
    42: "babel",
    186: "bgp",
    187: "isis",
    188: "ospf",
    189: "rip",
    192: "eigrp",
}
"""The names that rtnetlink.h gives to routes of others; the same as iproute2's."""


def protocol_name(number: int) -> str:
    """What `ip route` calls a route's protocol."""
    return PROTOCOL_NAMES.get(number, str(number))


def table_name(number: int) -> str:
    """What `ip route` calls a table that has a name everywhere, else its number."""
    return "main" if number == MAIN_TABLE else str(number)


class RouteKind(Enum):
    """What a default route does with a packet (the rtm_type of rtnetlink(7))."""

    UNICAST = "unicast"
    LOCAL = "local"
    BROADCAST = "broadcast"
    ANYCAST = "anycast"
    MULTICAST = "multicast"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    PROHIBIT = "prohibit"
    THROW = "throw"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Route:
    """One default route, or one to a prefix that moves with it; a multipath route appears once for
    each next hop.

    `interface` is empty and `gateway` is None where the kernel's route has none (a blackhole; a
    point-to-point link has an interface but no gateway).
    """

    family: Family
    interface: str
    gateway: Address | None
    metric: int
    protocol: int = PROTOCOL
    kind: RouteKind = RouteKind.UNICAST
    table: int = MAIN_TABLE
    source: Address | None = None
    """The address that packets are sent from, where the route says so."""
    mtu: int | None = None
    """Bytes, where the route says so."""
    destination: Prefix | None = None
    """The prefix that it leads to; None: it is a default route."""
    onlink: bool = field(default=False, compare=False)
    """The gateway is taken to be on the link, though no network of the interface has it."""
    nexthop: int = field(default=0, compare=False)
    """The number of the nexthop object that the route leads through; 0: none."""
    hops: tuple[tuple[str, Address | None], ...] = field(default=(), compare=False)
    """Interface and gateway of every next hop of a multipath route; empty for any other."""

    @property
    def ours(self) -> bool:
        """Whether this route carries our protocol number."""
        return self.protocol == PROTOCOL

    @property
    def leads_on(self) -> bool:
        """Whether packets go anywhere by it: it is no dead end, such as a blackhole."""
        return self.kind is RouteKind.UNICAST

    def __str__(self) -> str:
        """The route in the words of `ip route`."""
        hop = hop_words(self.family, self.interface, self.gateway)
        table = ["table", str(self.table)] if self.table != MAIN_TABLE else []
        words = [*self.kind_words, *hop, *table, "metric", str(self.metric)]
        for name, value in (("src", self.source), ("mtu", self.mtu)):
            words += [name, str(value)] if value is not None else []
        return " ".join(words + ["onlink"] * self.onlink)

    @property
    def with_protocol(self) -> str:
        """The same, and whose route it is."""
        return f"{self} proto {protocol_name(self.protocol)}"

    @property
    def kind_words(self) -> list[str]:
        """What `ip route` says before the next hop."""
        return [
            *[self.kind.value] * (self.kind is not RouteKind.UNICAST),
            "default" if self.destination is None else str(self.destination),
        ]


def under_new_names(routes: Set[Route], seen: Set[Route]) -> frozenset[Route]:
    """`routes`, where an interface may be called otherwise since: then they stand in `seen` with
    that name, and all else the same."""
    unknown = {replace(route, interface=""): route for route in seen - routes}
    return frozenset(
        route if route in seen else unknown.get(replace(route, interface=""), route)
        for route in routes
    )


def hop_words(family: Family, interface: str, gateway: Address | None) -> list[str]:
    """A next hop in the words of `ip route`."""
    words = []
    if gateway is not None:
        other = gateway.version != family.value
        words += ["via", *(["inet6" if gateway.version == 6 else "inet"] if other else [])]
        words.append(str(gateway))
    return words + (["dev", interface] if interface else [])


class Change(Enum):
    """How a route action reaches the kernel (the NLM_F_* flags of rtnetlink(7))."""

    ADD = "add"
    """Create; refused if the key (family, table, metric) is taken."""
    APPEND = "append"
    """IPv4: create beside another route of ours with the same metric, which is deleted next."""
    REPLACE = "replace"
    """IPv6, where append would make a multipath route: put in place of ours with that metric."""
    DELETE = "delete"
    """Delete by exact key: protocol, interface, gateway and metric."""


@dataclass(frozen=True, slots=True)
class RouteAction:
    """One route to add or delete, and why."""

    change: Change
    route: Route
    reason: str

    def __str__(self) -> str:
        return f"{self.change.value} {self.route}  # {self.reason}"
