"""What the first selection of a family waits for, and whom it takes."""

from collections.abc import Callable, Sequence
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import UplinkState


class FirstSelection:
    """With a default route `found`, it waits for verdicts; with none, it takes what it can."""

    __slots__ = ("_found", "_patience", "_put_off", "_span", "wake")

    def __init__(self) -> None:
        self.wake = inf
        """When it is made at the latest; inf: nothing is waited for."""
        self._found: Route | None = None
        """The default route by which the traffic goes until then."""
        self._patience = -inf
        """Until when the first round of a more preferred uplink is waited for."""
        self._span = 0.0
        self._put_off = False

    def begin(self, at: float, found: Route | None, patience: float) -> None:
        """Wait at most `patience` seconds for first rounds."""
        self._span = patience
        self.wake, self._found = at + patience, found
        self._patience = self.wake if found is not None else -inf

    def put_off(self) -> None:
        """There is no uplink yet whose rounds could be waited for: `resume` when there is one."""
        self.wake, self._put_off = inf, True

    def resume(self, at: float) -> None:
        """Begin to wait, if it was put off."""
        if self._put_off:
            self._put_off = False
            self.begin(at, self._found, self._span)

    def choice(
        self, at: float, healths: Sequence[UplinkHealth], why_not: Callable[[UplinkHealth], str]
    ) -> UplinkHealth | None:
        """The uplink to take now, if any; `why_not` says why one does not count as answering."""
        usable = [h for h in healths if h.usable]
        if usable and (self._found is None or self._lost(healths)):
            return max(usable, key=lambda h: h.state is not UplinkState.FAILED)
        for health in healths:
            if not why_not(health):
                return health
            if health in usable and not health.judged and at < self._patience:
                return None
        return None

    def waits(self, at: float) -> bool:
        """Whether first rounds are still waited for; after that, it does not wait again."""
        if at < self.wake < inf:
            return True
        self.wake = inf
        return False

    def _lost(self, healths: Sequence[UplinkHealth]) -> bool:
        """Whether the traffic goes by an uplink that is cut."""
        return self._found is not None and any(
            h.uplink.interface == self._found.interface and h.cut for h in healths
        )
