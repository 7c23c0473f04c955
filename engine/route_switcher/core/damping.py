"""The penalty of an uplink that flaps (RFC 2439, "BGP Route Flap Damping", for uplinks).

Every failure adds 1, and the penalty halves in every half-life. Above one limit the uplink is
damped, until the penalty has fallen below another.
"""

from math import inf, log2

from route_switcher.core.model import Damping


class Penalty:
    """The penalty of one uplink; without a `damping` it is never damped."""

    __slots__ = ("_at", "_damping", "_value", "until")

    def __init__(self, damping: Damping | None) -> None:
        self._damping = damping
        self._value = 0.0
        self._at = 0.0
        self.until = -inf
        """When it is no longer damped; -inf if it is not."""

    def take_failure(self, at: float) -> None:
        """The uplink failed."""
        damping = self._damping
        if damping is None:
            return
        ceiling = damping.reuse * 2 ** (damping.max_hold / damping.half_life)
        decayed = self._value * 0.5 ** ((at - self._at) / damping.half_life)
        self._value = min(decayed + 1, ceiling)
        self._at = at
        if self._value > damping.suppress or at < self.until:
            self.until = at + damping.half_life * log2(self._value / damping.reuse)

    def restart(self, damping: Damping | None) -> None:
        """Take a changed policy: what was counted by the old one is forgotten."""
        if damping != self._damping:
            self._damping = damping
            self._value = 0.0
            self.until = -inf
