"""For how long each uplink was active. Pure: who tells says what time it is."""

from collections.abc import Mapping

from route_switcher.core.vocabulary.uplinks import Family, UplinkId


class TimeActive:
    """Adds up seconds by what is told of each moment; between two moments nothing changes."""

    def __init__(self) -> None:
        self._seconds: dict[UplinkId, float] = {}
        self._active: dict[Family, str] = {}
        self._at = 0.0

    def see(self, at: float, active: Mapping[Family, str]) -> None:
        """From this time on, these uplinks are active."""
        for family, name in self._active.items():
            its = UplinkId(name, family)
            self._seconds[its] = self._seconds.get(its, 0.0) + max(0.0, at - self._at)
        self._at = max(self._at, at)
        self._active = dict(active)

    def keep(self, uplinks: frozenset[UplinkId]) -> None:
        """Forget all uplinks but these."""
        self._seconds = {its: x for its, x in self._seconds.items() if its in uplinks}

    def of(self, uplink: UplinkId) -> float:
        """Seconds, up to the latest moment."""
        return self._seconds.get(uplink, 0.0)
