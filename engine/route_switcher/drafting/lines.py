"""The lines to the internet that a machine's default routes tell of, for a draft of a policy."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from route_switcher.core.vocabulary.routes import Route, RouteKind, protocol_name
from route_switcher.core.vocabulary.uplinks import DEMOTION, Address, Family, GatewayMode
from route_switcher.kernel.host.snapshot import HostSnapshot
from route_switcher.policy.sections.uplinks import (
    IFNAMSIZ,
    METRIC_STEP,
    ROUTER_ADVERTISEMENT_METRIC,
)
from route_switcher.policy.values import UnusableAddress, parse_address

MAX_METRIC = 100_000
"""What the schema allows."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """What leads out of one interface in one family."""

    interface: str
    family: Family
    routes: tuple[Route, ...]
    """Its default routes, in order of metric; at least one."""
    gateway: Address | None
    """None where no route names one, and no address of the interface a peer."""
    point_to_point: bool = False
    """Its interface has one other end, so no gateway is needed."""

    @property
    def used(self) -> Route:
        """The route that the gateway was taken from."""
        same = (route for route in self.routes if route.gateway == self.gateway)
        return next(same, self.routes[0])

    @property
    def mode(self) -> Address | GatewayMode | None:
        """What a policy says of its next hop; None: that must be found out."""
        if self.point_to_point and self.used.gateway is None:
            return GatewayMode.NONE
        if self.gateway is not None and any(map(is_learned, self.routes)):
            return GatewayMode.AUTO
        return self.gateway

    @property
    def others(self) -> tuple[Address, ...]:
        """Further gateways, for which an uplink has no room."""
        gateways = dict.fromkeys(route.gateway for route in self.routes if route.gateway)
        return tuple(gateway for gateway in gateways if gateway != self.gateway)

    @property
    def own_metric(self) -> int | None:
        """The metric of an engine's route, as it would be undemoted; None without such a route."""
        return min((_undemoted(route.metric) for route in self.routes if route.ours), default=None)

    @property
    def metric(self) -> int:
        """By which lines are ordered among those with, or without, a route of ours."""
        return self.routes[0].metric if self.own_metric is None else self.own_metric


def lines_of(host: HostSnapshot, family: Family) -> tuple[DraftLine, ...]:
    """The lines of `family` in order of preference: as an engine had them, then by metric."""
    interfaces = {each.name: each for each in host.interfaces}
    routes: dict[str, list[Route]] = {}
    in_main = {route.interface for route in _ways_out(host, family)}
    leased = [r for r in host.leases if r.family is family and r.interface not in in_main]
    for route in (*_ways_out(host, family), *leased):
        if why_not(route) is None:
            routes.setdefault(route.interface, []).append(route)
    lines = [
        DraftLine(
            name,
            family,
            tuple(found),
            _gateway(family, found, interfaces[name].peers if name in interfaces else ()),
            name in interfaces and interfaces[name].point_to_point,
        )
        for name, found in routes.items()
    ]
    return tuple(sorted(lines, key=lambda line: (line.own_metric is None, line.metric)))


def is_learned(route: Route) -> bool:
    """Whether a program wrote it that may change it: by its protocol, or as udhcpc and dhclient do
    (metric 0, and no protocol of its own, as `ip route add` writes too)."""
    if protocol_name(route.protocol) in ("dhcp", "ra"):
        return True
    return wins_in_main(route) and protocol_name(route.protocol) in ("0", "boot")


def wins_in_main(route: Route) -> bool:
    """Whether nothing can stand before it in table main, and no second such route beside it."""
    return route.family is Family.IPV4 and route.metric == 0 and route.gateway is not None


def passed_over(host: HostSnapshot, family: Family) -> Iterator[tuple[Route, str]]:
    """The routes that make no uplink, and why."""
    for route in _ways_out(host, family):
        reason = why_not(route)
        if reason is not None:
            yield route, reason


def why_not(route: Route) -> str | None:
    """Why a policy cannot have `route` as an uplink; None if it can."""
    if not route.interface:
        return "the kernel names no interface for it"
    if not writable(route.interface):
        return "a policy cannot have the name of its interface"
    if route.gateway is None:
        return None
    if route.gateway.version != route.family.value:
        return f"its gateway is not of {route.family}"
    try:
        parse_address(str(route.gateway))
    except UnusableAddress as error:
        return f"its gateway {error}"
    return None


def writable(interface: str) -> bool:
    """Whether a policy can have the name: the kernel allows any bytes but a few."""
    try:
        length = len(interface.encode())
    except UnicodeEncodeError:
        return False
    plain = interface.isprintable() and not any(char in " /:" for char in interface)
    return plain and 0 < length < IFNAMSIZ and interface not in (".", "..")


def metrics(
    family: Family, own: Sequence[int | None], more: int, foreign: Iterable[int]
) -> list[int]:
    """Metrics for uplinks in order of preference, and for `more` that may follow.

    `own` are those that an engine gave them, which are kept if all have one and they are sound.
    Otherwise 10, 20, 30 …, or 1, 2, 3 … if only that puts them before the `foreign` ones.
    """
    count = len(own) + more
    lowest = min(foreign, default=None)
    steps = (step for step in (METRIC_STEP, 1) if lowest is None or step * count < lowest)
    step = next(steps, METRIC_STEP)
    kept = [metric for metric in own if metric is not None]
    if len(kept) == len(own):
        continued = _continued(family, kept, count, step)
        if _sound(family, continued):
            return continued
    return _continued(family, [], count, step)


def _continued(family: Family, given: list[int], count: int, step: int) -> list[int]:
    made = list(given)
    metric = made[-1] if made else 0
    while len(made) < count:
        metric += step
        if _allowed(family, metric):
            made.append(metric)
    return made


def _sound(family: Family, metrics: Sequence[int]) -> bool:
    """Whether `validate` accepts them: rising, less than 1000 apart, clear of advertisements'."""
    rising = all(one < other for one, other in pairwise(metrics))
    apart = not metrics or metrics[-1] - metrics[0] < DEMOTION
    return rising and apart and all(_allowed(family, metric) for metric in metrics)


def _allowed(family: Family, metric: int) -> bool:
    clear = ROUTER_ADVERTISEMENT_METRIC not in (metric, metric + DEMOTION)
    return 1 <= metric <= MAX_METRIC and (clear or family is Family.IPV4)


def _undemoted(metric: int) -> int:
    """A route of ours between 1000 and 3000 is taken for a demoted one (`core/routing/plan.py`)."""
    return (metric - 1) % DEMOTION + 1 if DEMOTION < metric <= 3 * DEMOTION else metric


def _ways_out(host: HostSnapshot, family: Family) -> Iterator[Route]:
    for route in host.routes:
        if route.family is family and route.kind is RouteKind.UNICAST:
            yield route


def _gateway(family: Family, routes: Iterable[Route], peers: Iterable[Address]) -> Address | None:
    """What the routes name, else the other end of a point-to-point link."""
    named = [route.gateway for route in routes if route.gateway is not None]
    far = [peer for peer in peers if peer.version == family.value and _askable(peer)]
    return next(iter(named + far), None)


def _askable(address: Address) -> bool:
    try:
        parse_address(str(address))
    except UnusableAddress:
        return False
    return True
