"""The penalty of an uplink that flaps (RFC 2439, "BGP Route Flap Damping", for uplinks).

Every failure adds 1, and the penalty halves in every half-life. Above one limit the uplink is
damped, until the penalty has fallen below another.
"""

from math import inf, log2

from route_switcher.core.vocabulary.policy import Damping


class Penalty:
    """The penalty of one uplink; without a `damping` it is never damped."""

    __slots__ = ("_at", "_damping", "_value", "until")

    def __init__(self, damping: Damping | None) -> None:
        self._damping = damping
        self._value = 0.0
        self._at = 0.0
        self.until = -inf
        """When it is no longer damped; -inf if it is not."""

    def add_failure(self, at: float) -> None:
        """The uplink failed."""
        damping = self._damping
        if damping is None:
            return
        self._value = 1 + self._value * 0.5 ** ((at - self._at) / damping.half_life)
        self._at = at
        hold = damping.half_life * log2(self._value / damping.reuse)
        if hold > damping.max_hold:
            hold = damping.max_hold
            self._value = damping.reuse * 2 ** (hold / damping.half_life)
        if self._value > damping.suppress or at < self.until:
            self.until = at + hold

    def restart(self, damping: Damping | None) -> None:
        """Take a changed policy: what was counted by the old one is forgotten."""
        if damping != self._damping:
            self._damping = damping
            self._value = 0.0
            self.until = -inf
