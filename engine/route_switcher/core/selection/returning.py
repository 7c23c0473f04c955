"""Which failed uplinks are asked at once, since something leads through them again.

A failed uplink may be asked rarely (`down_interval`). When its cable is back, or its route, there
is a reason to ask it now.
"""

from collections.abc import Collection, Iterator
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.vocabulary.outputs import ProbeNow
from route_switcher.core.vocabulary.policy import UplinkId
from route_switcher.core.vocabulary.states import UplinkState


class Returning:
    """Remembers through which uplinks nothing led: no link, no address, or no route."""

    __slots__ = ("_away",)

    def __init__(self) -> None:
        self._away: frozenset[UplinkId] = frozenset()

    def asks(
        self, at: float, healths: Collection[UplinkHealth], presence: RoutePresence
    ) -> Iterator[ProbeNow]:
        """Whom to ask, after news of links or routes."""
        leads = {h.uplink.id: _leads(h, presence) for h in healths}
        before, self._away = self._away, frozenset(n for n, led in leads.items() if not led)
        for health in healths:
            uplink = health.uplink.id
            if uplink in before and leads[uplink] and health.state is UplinkState.FAILED:
                yield ProbeNow(at, uplink)


def _leads(health: UplinkHealth, presence: RoutePresence) -> bool:
    return health.usable and presence.since(health) < inf
