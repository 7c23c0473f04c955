"""Instants of the engine's clock as Unix time, which is what Prometheus compares."""

import time

import trio

_TOLERANCE = 2.0
"""Seconds by which the wall clock may be corrected without another value for the same instant: a
time that moves a little in each scrape would look like something that happens. A router may have no
clock of its own and begin in 1970, so a clock that is set does count."""


class UnixTime:
    """What the wall clock says, or would have said, at an instant."""

    def __init__(self) -> None:
        self._ahead = _ahead_now()

    def of(self, at: float) -> float:
        """The Unix time of this instant on the engine's clock."""
        ahead = _ahead_now()
        if abs(ahead - self._ahead) > _TOLERANCE:
            self._ahead = ahead
        return self._ahead + at


def _ahead_now() -> float:
    return time.time() - trio.current_time()
