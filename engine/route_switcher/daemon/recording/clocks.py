"""The clocks by which a journal says when something happened."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of the machine at one moment, in seconds."""

    engine: float
    wall: float
    asleep: float

    @property
    def offset(self) -> float:
        """It changes where the wall clock is set, and at no other time."""
        return self.wall - self.engine - self.asleep


def clocks_now(ahead: float) -> Clocks:
    """What they say."""
    monotonic = time.monotonic()
    return Clocks(
        monotonic - ahead, time.time(), time.clock_gettime(time.CLOCK_BOOTTIME) - monotonic
    )
