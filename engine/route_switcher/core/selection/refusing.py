"""Whether traffic is refused since no uplink answers (`when_all_down: unreachable`)."""

from collections.abc import Iterable, Sequence

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.dead_ends_of_ours import dead_end
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import Placement, WhenAllDown
from route_switcher.core.vocabulary.routes import FIRST_METRIC, Route
from route_switcher.core.vocabulary.uplinks import Family


class Refusing:
    """Of one family. It begins when surely no uplink answers, and ends when one does."""

    __slots__ = ("_family", "on")

    def __init__(self, family: Family) -> None:
        self._family = family
        self.on = False

    def start(self, at: float, routes: Iterable[Route], placement: Placement) -> list[Output]:
        """An engine before this one may have begun it: then it goes on."""
        first = dead_end(self._family, placement.table, FIRST_METRIC)
        self.on = placement.when_all_down is WhenAllDown.UNREACHABLE and first in routes
        if not self.on:
            return []
        text = f"{self._family}: traffic is refused, as before the start, until an uplink answers"
        return [Notice(at, Level.WARNING, text)]

    def update(
        self,
        at: float,
        placement: Placement,
        healths: Sequence[UplinkHealth],
        *,
        may_begin: bool,
        forced: bool,
    ) -> list[Output]:
        """Look at the `healths`. `may_begin`: the verdict on the active uplink is known; `forced`:
        an order keeps the traffic there, whether it answers or not."""
        before = self.on
        self.on = not forced and self._due(at, placement, healths, may_begin=may_begin)
        if self.on == before:
            return []
        if self.on:
            text = "no uplink answers: traffic is refused as unreachable until one does"
            return [Notice(at, Level.ERROR, f"{self._family}: {text}")]
        return [Notice(at, Level.WARNING, f"{self._family}: traffic is refused no longer")]

    def _due(
        self, at: float, placement: Placement, healths: Sequence[UplinkHealth], *, may_begin: bool
    ) -> bool:
        if placement.when_all_down is WhenAllDown.STAY:
            return False
        if self.on:
            return not any(health.answers for health in healths)
        return may_begin and bool(healths) and all(health.silent(at) for health in healths)
