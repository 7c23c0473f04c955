"""How long something rests that must not take all of the loop's time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rest:
    """A rest in proportion to the work before it, within bounds (seconds).

    The work is measured by the clock. While the process is stopped, or its machine is paused, the
    clock goes on. So without an upper bound, a minute's stop would make it rest for many minutes.
    """

    times: int
    shortest: float
    longest: float

    def after(self, took: float) -> float:
        """Seconds of rest after work that took so many seconds."""
        return min(max(self.times * took, self.shortest), self.longest)
