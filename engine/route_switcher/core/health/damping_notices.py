"""What a person is told of uplinks that fail too often."""

from collections.abc import Iterable, Iterator, Mapping

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.outputs import Level, Notice


class DampingNotices:
    """Remembers until when each uplink was said to be damped."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def news(self, at: float, healths: Iterable[UplinkHealth]) -> Iterator[Notice]:
        """What to tell of those that are damped longer than was said."""
        for health in healths:
            name, until = health.uplink.name, health.penalty.until
            if until > at and until != self._told.get(name):
                self._told[name] = until
                text = f"{name} failed too often lately: damped for {until - at:.0f} s"
                yield Notice(at, Level.WARNING, text)

    def rename(self, names: Mapping[str, str]) -> None:
        """Take the new names of uplinks by their old ones; the others have gone."""
        self._told = {names[name]: until for name, until in self._told.items() if name in names}
