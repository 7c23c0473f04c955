"""What delays a voluntary move, and until when: the minimum stay, the budget of switches, and an
operator's word where the policy waits for it.

It never delays a failover: the selection asks it only about optional moves.
"""

from collections import deque
from math import inf

from route_switcher.core.notices import Notices
from route_switcher.core.vocabulary.outputs import Level, Notice
from route_switcher.core.vocabulary.policy import FailBack, HoldBack

_HOUR = 3600.0


class SwitchLimiter:
    """Remembers the moves of one family."""

    __slots__ = ("_hold_back", "_moved_at", "_switches", "released")

    def __init__(self, hold_back: HoldBack) -> None:
        self._hold_back = hold_back
        self._moved_at = -inf
        self.released = False
        """Whether an operator has let the traffic return, and it has not yet."""
        self._switches: deque[float] = deque(maxlen=hold_back.switches_per_hour)

    def apply_policy(self, hold_back: HoldBack) -> None:
        """Take a changed policy; what happened goes on counting, as far as the old one counted."""
        self._hold_back = hold_back
        self._switches = deque(self._switches, maxlen=hold_back.switches_per_hour)

    def on_move(self, at: float, *, first: bool) -> None:
        """The selection changed; the first one of all is no switch."""
        self._moved_at = at
        self.released = False
        if not first and self._switches.maxlen is not None:
            self._switches.append(at)

    @property
    def manual(self) -> bool:
        """Whether the traffic returns to an uplink that had failed only by an operator's order."""
        return self._hold_back.fail_back is FailBack.MANUAL

    @property
    def until(self) -> float:
        """When a voluntary move may be made."""
        return self._held()[0]

    def held(self, *, returning: bool) -> tuple[float, str]:
        """Until when a voluntary move waits, and for what, in words; `returning`: it leads back to
        an uplink that had failed."""
        if returning and self.manual and not self.released:
            return inf, "an operator has to say so ('fail_back: manual'): route-switcher release"
        return self._held()

    def tell(
        self, at: float, uplink: str, told: Notices, *, returning: bool = False
    ) -> list[Notice]:
        """What a person should know of the move to `uplink` that is held back; `told` is what was
        told of it before."""
        until, why = self.held(returning=returning)
        span = f"delayed for {until - at:.0f} s ({why})" if until < inf else f"waits: {why}"
        notice = Notice(at, Level.INFO, f"switch to {uplink} {span}")
        return told.once("held back", (self._moved_at, until), notice)

    def _held(self) -> tuple[float, str]:
        """Until when, and by what, in words."""
        hold_back = self._hold_back
        stay = (self._moved_at + hold_back.min_stay, f"min_stay {hold_back.min_stay:g} s")
        budget = hold_back.switches_per_hour
        if budget is None or len(self._switches) < budget:
            return stay
        spent = f"{budget} {'switch' if budget == 1 else 'switches'} in an hour already"
        return max(stay, (self._switches[0] + _HOUR, spent))
