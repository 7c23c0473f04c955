"""What a person is told of uplinks that fail too often."""

from collections.abc import Iterable, Iterator, Mapping

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.outputs import Level, Notice
from route_switcher.core.vocabulary.policy import UplinkId


class DampingNotices:
    """Remembers until when each uplink was said to be damped."""

    def __init__(self) -> None:
        self._told: dict[UplinkId, float] = {}

    def news(self, at: float, healths: Iterable[UplinkHealth]) -> Iterator[Notice]:
        """What to tell of those that are damped longer than was said."""
        for health in healths:
            uplink, until = health.uplink.id, health.penalty.until
            if until > at and until != self._told.get(uplink):
                self._told[uplink] = until
                text = f"{health.label} failed too often lately: damped for {until - at:.0f} s"
                yield Notice(at, Level.WARNING, text)

    def rename(self, names: Mapping[UplinkId, UplinkId]) -> None:
        """Take the new names of uplinks by their old ones; the others have gone."""
        self._told = {names[its]: until for its, until in self._told.items() if its in names}
