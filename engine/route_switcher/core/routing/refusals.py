"""Routes that the kernel refused, and when each may be asked for again.

Nothing is asked for over and over. A refused route is asked for again when something changes that
may make it possible: the foreign route that held its key has been gone for a while, or the link or
an address of its interface changed. Not every cause of a refusal sends a message when it goes (a
route through a nexthop object goes in silence), so each refused route is also asked for again after
a pause that grows.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from math import inf

from route_switcher.core.routing.plan import Standing
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.status import RefusedRoute

FIRST_PAUSE = 30.0
FIRST_PAUSE_WITHOUT_ROUTE = 10.0
LONGEST_PAUSE = 300.0
"""Seconds after which a refused route is asked for again; the pause doubles each time. An uplink
that has no route at all cannot be probed, so its routes are asked for sooner."""

FREE = 5.0
"""Seconds for which nobody may hold the metric of a refused route before it is asked for again:
somebody who comes and goes there would make us come and go as well."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    reason: str
    again_at: float
    held: bool
    """Another route stood at its metric, then or later."""


class Refusals:
    """What was refused in one family."""

    def __init__(self) -> None:
        self._refused: dict[Route, _Refusal] = {}
        self._pauses: dict[Route, float] = {}
        self._told: dict[Route, str] = {}
        self._kept: dict[Route, float] = {}
        """What it refused to delete, and when that may be asked for again."""
        self._kept_for: dict[Route, str] = {}
        self._keys: dict[object, Set[Route]] = {}
        """The routes that the kernel has, by table, destination and metric."""

    @property
    def none(self) -> bool:
        """Whether nothing is refused."""
        return not self._refused and not self._kept

    @property
    def routes(self) -> Set[Route]:
        """The routes that may not be asked for now."""
        return self._refused.keys()

    def add(self, at: float, route: Route, reason: str, first_pause: float = FIRST_PAUSE) -> bool:
        """The kernel refused `route`. Returns whether that is news, worth telling a person: what
        it says of an uplink's route is told once, not for every metric that is tried."""
        pause = self._pauses.get(route, first_pause)
        self._pauses[route] = min(2 * pause, LONGEST_PAUSE)
        self._refused[route] = _Refusal(reason, at + pause, self.held(route))
        told = {said for other, said in self._told.items() if _same_line(other, route)}
        self._told[route] = reason
        return reason not in told

    @property
    def kept(self) -> Set[Route]:
        """The routes of ours whose deletion may not be asked for now."""
        return self._kept.keys()

    def add_kept(self, at: float, route: Route, reason: str) -> bool:
        """The kernel refused to delete `route`. Returns whether that is news."""
        pause = self._pauses.get(route, FIRST_PAUSE_WITHOUT_ROUTE)
        self._pauses[route] = min(2 * pause, LONGEST_PAUSE)
        self._kept[route] = at + pause
        before, self._kept_for[route] = self._kept_for.get(route), reason
        return reason != before

    def see(self, at: float, routes: Iterable[Route]) -> None:
        """Take what the kernel has now."""
        before = {route for route in self._refused if self.held(route)}
        routes = tuple(routes)
        for route in self._kept_for.keys() - set(routes):
            self._kept.pop(route, None)
            self._pauses.pop(route, None)
            del self._kept_for[route]
        self._keys = {}
        for route in routes:
            key = _key(route)
            self._keys[key] = self._keys.get(key, frozenset()) | {route}
            if route in self._told:
                self._forget(route)
                self._pauses.pop(route, None)
                del self._told[route]
        for route, refusal in self._refused.items():
            if (route in before) != self.held(route):
                pause = FREE if route in before else self._pauses[route]
                self._refused[route] = _Refusal(refusal.reason, at + pause, held=True)

    def held(self, route: Route) -> bool:
        """Whether another route stands at the metric of `route`."""
        return bool(self._at_key(route) - {route})

    def link_changed(self, interface: str) -> None:
        """The link or an address of `interface` changed: what was refused there may be possible."""
        for route in [r for r in self._refused if r.interface == interface and not self.held(r)]:
            self._forget(route)

    def ask_for_free(self, routes: Iterable[Route], before: int) -> None:
        """Ask at once for those of `routes` below the metric `before` that nobody holds any more:
        a foreign route at that metric leads traffic astray meanwhile."""
        for route in routes:
            refusal = self._refused.get(route)
            free = refusal is not None and refusal.held and not self.held(route)
            if free and route.metric < before:
                self._forget(route)

    def keep(self, standing: Standing | None) -> None:
        """A person has changed the policy: forget all but what was refused to `standing`, and what
        the kernel must refuse again, since somebody else holds its metric."""
        mine = set(standing.routes()) if standing is not None else set()
        mine |= {route for route in self._refused if self._held_by_others(route)}
        self._refused = {r: refusal for r, refusal in self._refused.items() if r in mine}
        self._pauses = {r: pause for r, pause in self._pauses.items() if r in mine}
        self._told = {r: reason for r, reason in self._told.items() if r in mine}
        self._kept, self._kept_for = {}, {}

    def expire(self, at: float) -> None:
        """Forget those whose pause is over."""
        for route in [r for r, refusal in self._refused.items() if refusal.again_at <= at]:
            self._forget(route)
        self._kept = {route: again for route, again in self._kept.items() if again > at}

    def deadline(self) -> float:
        """When the next pause is over; inf: never."""
        if self.none:
            return inf
        pauses = (refusal.again_at for refusal in self._refused.values())
        return min([*pauses, *self._kept.values()], default=inf)

    def reason(self, standing: Standing) -> str | None:
        """Why a default route of an uplink was refused, or None if none was."""
        found = (
            refusal
            for route, refusal in self._refused.items()
            if route.destination is None and _leads(route, standing)
        )
        return next((refusal.reason for refusal in found), None)

    def of(self, standing: Standing) -> tuple[RefusedRoute, ...]:
        """The refused routes of an uplink."""
        return tuple(
            RefusedRoute(route, refusal.reason, refusal.again_at)
            for route, refusal in self._refused.items()
            if _leads(route, standing)
        )

    @property
    def undeletable(self) -> tuple[RefusedRoute, ...]:
        """The routes of ours that the kernel does not delete."""
        kept = self._kept_for.items()
        return tuple(RefusedRoute(r, why, self._kept.get(r, -inf)) for r, why in kept)

    def unfit(self, standing: Standing) -> bool:
        """Whether the kernel refuses what an uplink must have to be active. A metric that somebody
        else holds is no reason: another one will do."""
        if not self._refused or standing.next_hop is None:
            return False
        own, *others = standing.routes()
        refusal = self._refused.get(own)
        if refusal is None:
            return False
        return not refusal.held or all(route in self._refused for route in others)

    def _held_by_others(self, route: Route) -> bool:
        return any(not other.ours for other in self._at_key(route))

    def _at_key(self, route: Route) -> Set[Route]:
        return self._keys.get(_key(route), frozenset())

    def _forget(self, route: Route) -> None:
        self._refused.pop(route, None)


def _key(route: Route) -> object:
    return route.table, route.destination, route.metric


def _leads(route: Route, standing: Standing) -> bool:
    return (route.interface, route.gateway) == standing.way


def _same_line(one: Route, other: Route) -> bool:
    return (one.interface, one.gateway) == (other.interface, other.gateway)
