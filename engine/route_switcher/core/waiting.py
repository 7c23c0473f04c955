"""What is done while the active uplink is failed and there is nowhere to go: ask, and say so."""

from collections.abc import Sequence
from math import inf

from route_switcher.core.decisions import Level, Notice, Output, ProbeNow
from route_switcher.core.health import UplinkHealth

ASK_AGAIN = 1.0
"""Seconds between requests for a round at once while none answers: with long intervals the first
that answers would else be found late."""


class Waiting:
    """Remembers what was asked, and told, in one family."""

    __slots__ = ("_told_of", "_trouble", "ask_at")

    def __init__(self) -> None:
        self.ask_at = inf
        """When to ask again; inf: never."""
        self._trouble = -inf
        self._told_of = -inf

    def end(self) -> None:
        """There is nothing to wait for."""
        self.ask_at, self._trouble = inf, -inf

    def go_on(
        self,
        at: float,
        since: float,
        healths: Sequence[UplinkHealth],
        active: UplinkHealth,
        answering: bool,
    ) -> list[Output]:
        """The `active` one of `healths` has been failing `since`; `answering`: another answers."""
        outputs: list[Output] = []
        if since != self._trouble or at >= self.ask_at:
            first, self._trouble = since != self._trouble, since
            self.ask_at = at + ASK_AGAIN
            outputs += [
                ProbeNow(at, h.uplink.name)
                for h in healths
                if h.link.connected and (first or at - h.last_told >= ASK_AGAIN)
            ]
        others = [h for h in healths if h is not active]
        if others and not answering and self._told_of != since:
            self._told_of = since
            known = "; ".join(h.evidence() for h in (active, *others))
            text = f"staying with {active.uplink.name}: {known}"
            outputs.append(Notice(at, Level.WARNING, text))
        return outputs
