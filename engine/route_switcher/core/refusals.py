"""Routes that the kernel refused, and when each may be asked for again.

An uplink whose route was refused is not selected until something changes, and nothing is asked for
over and over. What may change: the foreign route that holds the key goes; the link or an address of
the interface changes; or something that no message tells of (memory, a route to the gateway), for
which it is asked again after a pause that grows.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from math import inf

from route_switcher.core.model import Uplink
from route_switcher.core.plan import standing_routes
from route_switcher.core.routes import Route

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 300.0
"""Seconds after which a refused route is asked for again; the pause doubles each time."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    reason: str
    again_at: float


class Refusals:
    """What was refused in one family."""

    def __init__(self) -> None:
        self._refused: dict[Route, _Refusal] = {}
        self._pauses: dict[Route, float] = {}
        self._told: dict[Route, str] = {}
        self._seen: tuple[Route, ...] = ()

    @property
    def routes(self) -> Set[Route]:
        """The routes that may not be asked for now."""
        return self._refused.keys()

    def add(self, at: float, route: Route, reason: str) -> bool:
        """The kernel refused `route`. Returns whether that is news, worth telling a person."""
        pause = self._pauses.get(route, FIRST_PAUSE)
        self._pauses[route] = min(2 * pause, LONGEST_PAUSE)
        self._refused[route] = _Refusal(reason, at + pause)
        told, self._told[route] = self._told.get(route), reason
        return told != reason

    def see(self, routes: Iterable[Route]) -> None:
        """Take what the kernel has now."""
        before = self._held()
        self._seen = tuple(routes)
        freed = before - self._held()
        for route in freed | set(self._seen):
            self._forget(route)
            self._pauses.pop(route, None)
            self._told.pop(route, None)

    def link_changed(self, interface: str) -> None:
        """The link or an address of `interface` changed: what was refused there may be possible."""
        for route in [r for r in self._waiting() if r.interface == interface]:
            self._forget(route)

    def expire(self, at: float) -> None:
        """Forget those whose pause is over."""
        for route in [r for r in self._waiting() if self._refused[r].again_at <= at]:
            self._forget(route)

    def deadline(self) -> float:
        """When the next pause is over; inf: never."""
        return min((self._refused[r].again_at for r in self._waiting()), default=inf)

    def reason(self, uplink: Uplink) -> str | None:
        """Why a standing route of `uplink` was refused, or None if none was."""
        found = (self._refused.get(route) for route in standing_routes(uplink))
        return next((refusal.reason for refusal in found if refusal), None)

    def _waiting(self) -> list[Route]:
        held = self._held()
        return [route for route in self._refused if route not in held]

    def _held(self) -> set[Route]:
        """Those whose key a foreign route holds: to ask again is in vain while it does."""
        keys = {(r.family, r.metric) for r in self._seen if not r.ours}
        return {route for route in self._refused if (route.family, route.metric) in keys}

    def _forget(self, route: Route) -> None:
        self._refused.pop(route, None)
