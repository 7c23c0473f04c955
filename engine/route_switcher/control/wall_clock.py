"""The engine's clock, as the clock on the wall shows it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite


@dataclass(frozen=True, slots=True)
class WallClock:
    """At the engine's time `at`, the wall's clock shows `now`."""

    at: float
    now: datetime

    def ago(self, at: float) -> float | None:
        """Seconds that have passed since; None if that was never."""
        return self.at - at if isfinite(at) else None

    def left(self, at: float) -> float | None:
        """Seconds until then, not below 0; None if no time is known."""
        return max(at - self.at, 0.0) if isfinite(at) else None

    def stamp(self, at: float) -> str | None:
        """As JSON has it, to the millisecond, with the offset of the zone; None if no time."""
        if not isfinite(at):
            return None
        return self._then(at).isoformat(timespec="milliseconds")

    def hour(self, at: float) -> str:
        """As a person reads it: the time of today, with the date for any other day."""
        then = self._then(at)
        day = "" if then.date() == self.now.date() else f"{then.date().isoformat()} "
        return day + then.strftime("%H:%M:%S")

    def _then(self, at: float) -> datetime:
        # By the zone's rules of that moment, which may be on the other side of a clock change.
        return (self.now + timedelta(seconds=at - self.at)).astimezone()
