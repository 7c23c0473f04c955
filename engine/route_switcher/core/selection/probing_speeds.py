"""How fast the rounds through each uplink should go, by its health and by what is active.

An uplink that could be moved to at any moment is asked at normal speed: one that recovers, one that
is preferred to the active one, and every one while the active one is in trouble.
"""

from collections.abc import Iterable, Iterator

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.effects import SpeedChange
from route_switcher.core.vocabulary.states import Speed, UplinkState
from route_switcher.core.vocabulary.uplinks import UplinkId


class ProbingSpeeds:
    """Remembers the speed of each uplink, and says when one changes."""

    def __init__(self) -> None:
        self._speeds: dict[UplinkId, Speed] = {}

    def changes(
        self, at: float, healths: Iterable[UplinkHealth], active: str | None
    ) -> Iterator[SpeedChange]:
        """What changes for the uplinks of one family, which stand in order of preference."""
        settled = False
        for health in healths:
            uplink = health.uplink.id
            speed = _speed(health.state, settled)
            if speed is not self._speeds.get(uplink, Speed.NORMAL):
                yield SpeedChange(at, uplink, speed)
            self._speeds[uplink] = speed
            settled |= uplink.name == active and health.state is UplinkState.HEALTHY

    def keep(self, uplinks: Iterable[UplinkId]) -> None:
        """Forget all uplinks but these."""
        self._speeds = {its: self._speeds[its] for its in uplinks if its in self._speeds}


def _speed(state: UplinkState, behind_a_healthy_one: bool) -> Speed:
    if state is UplinkState.FAILED:
        return Speed.DOWN
    if state is UplinkState.HEALTHY and behind_a_healthy_one:
        return Speed.STANDBY
    return Speed.NORMAL
