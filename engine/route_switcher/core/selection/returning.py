"""Which failed uplinks are asked at once, since something leads through them again.

A failed uplink may be asked rarely (`down_interval`). When its cable is back, or its route, there
is a reason to ask it now.
"""

from collections.abc import Collection, Iterator
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.states import UplinkState


class Returning:
    """Remembers through which uplinks nothing led: no link, no address, or no route."""

    __slots__ = ("_away",)

    def __init__(self) -> None:
        self._away: frozenset[UplinkHealth] = frozenset()

    def asks(
        self, at: float, healths: Collection[UplinkHealth], presence: RoutePresence
    ) -> Iterator[ProbeNow]:
        """Whom to ask, after news of links or routes."""
        away = frozenset(health for health in healths if not _leads(health, presence))
        before, self._away = self._away, away
        for health in healths:
            if health in before - away and health.state is UplinkState.FAILED:
                yield ProbeNow(at, health.uplink.id)


def _leads(health: UplinkHealth, presence: RoutePresence) -> bool:
    return health.usable and presence.since(health) < inf
