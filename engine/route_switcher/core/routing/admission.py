"""What the kernel's refusals mean for the uplinks of one family: which have no route, and which had
none and must prove themselves."""

from collections.abc import Iterable
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.plan import Standing
from route_switcher.core.routing.refusals import FIRST_PAUSE, FIRST_PAUSE_WITHOUT_ROUTE, Refusals
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.vocabulary.policy import Uplink
from route_switcher.core.vocabulary.routes import Change, RouteAction
from route_switcher.core.vocabulary.states import UplinkState


class Admission:
    """Remembers what was refused. The `presence` are shared, not copied."""

    __slots__ = ("_presence", "_proving", "_without_route", "refusals")

    def __init__(self, presence: RoutePresence) -> None:
        self.refusals = Refusals()
        self._presence = presence
        self._without_route: frozenset[str] = frozenset()
        self._proving: dict[str, float] = {}
        """Until when uplinks that had no route are not moved to by choice; each for its stable
        time: whoever adds and deletes a route again and again must not move the traffic as often.
        """

    @property
    def calm(self) -> bool:
        """Whether nothing is refused."""
        return self.refusals.none

    def on_refusal(self, at: float, action: RouteAction, reason: str) -> bool:
        """The kernel refused `action`. Returns whether that is worth telling a person."""
        route = action.route
        if action.change is Change.DELETE:
            return self.refusals.add_kept(at, route, reason)
        there = self._presence.has(route.interface, route.gateway)
        pause = FIRST_PAUSE if there else FIRST_PAUSE_WITHOUT_ROUTE
        return self.refusals.add(at, route, reason, pause)

    def apply_policy(self, departing: Uplink | None) -> None:
        """A person changed the policy: everything is tried again, except for the uplink that has
        left it and still carries the traffic."""
        self.refusals.keep(departing)
        self._without_route = frozenset()
        self._proving.clear()

    def on_time(self, at: float, healths: Iterable[UplinkHealth], active: str | None) -> None:
        """Take it that the time is `at`, and see which uplinks have a route again."""
        if self.calm and not self._without_route:
            return
        self.refusals.expire(at)
        before, found = self._without_route, set()
        for health in healths:
            name = health.uplink.name
            if self._has_no_route(health.uplink):
                found.add(name)
            elif name in before and name != active:
                self._proving[name] = at + health.stable_time
        self._without_route = frozenset(found)

    def standing(self, health: UplinkHealth) -> Standing:
        """What the plan needs to know of an uplink."""
        uplink = health.uplink
        foreign, onlink = self._presence.foreign(uplink), self._presence.onlink(uplink)
        return Standing(uplink, health.state, health.routable, foreign, onlink)

    def refused(self, uplink: Uplink) -> bool:
        """Whether `uplink` cannot be active: the kernel refuses its routes, and no route of
        somebody else does for it."""
        return self.refusals.unfit(uplink) and self._presence.foreign(uplink) is None

    def state(self, health: UplinkHealth, at: float) -> UplinkState:
        """The state of an uplink that is not active, as the selection takes it."""
        proving = self._proving.get(health.uplink.name, -inf) > at
        if proving and health.state is UplinkState.HEALTHY:
            return UplinkState.RECOVERING
        return health.state

    def deadline(self, at: float) -> float:
        """When the next uplink has proven itself; inf: none has to."""
        return min((until for until in self._proving.values() if until > at), default=inf)

    def _has_no_route(self, uplink: Uplink) -> bool:
        if self.refusals.reason(uplink) is None:
            return False
        return self.refused(uplink) or not self._presence.has(uplink.interface, uplink.gateway)
