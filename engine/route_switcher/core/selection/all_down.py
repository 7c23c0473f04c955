"""What is done while the active uplink is failed and traffic stays on it: ask, and say why."""

from collections.abc import Callable, Sequence
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.notices import Notices
from route_switcher.core.probing.pace import APART
from route_switcher.core.reminder import Reminder
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.states import UplinkState

ASK_AGAIN = APART
"""Seconds between requests for a round while none answers: otherwise, with long
intervals, the first that answers would be found late."""


class AllDown:
    """Remembers what was asked, and told, in one family."""

    __slots__ = ("_notices", "_reminder", "_trouble", "ask_at")

    def __init__(self) -> None:
        self.ask_at = inf
        """When to ask again; inf: never."""
        self._trouble = -inf
        self._reminder = Reminder()
        self._notices = Notices()

    def fast_forward(self, delta: float) -> None:
        """Behave as if it had gone on for `delta` more seconds, a multiple of `ASK_AGAIN`."""
        self.ask_at += delta

    def end(self) -> None:
        """There is nothing to wait for."""
        self.ask_at, self._trouble = inf, -inf
        self._reminder.end()

    def begin(self, at: float, healths: Sequence[UplinkHealth]) -> list[Output]:
        """None of `healths` has answered yet, in the time that the first rounds are given."""
        if self._trouble == inf:
            return self._ask_again(at, inf, healths)
        known = "; ".join(h.evidence() for h in healths)
        family = healths[0].uplink.family
        text = f"{family}: no uplink answers yet, so no traffic moves: {known}"
        return [*self._ask_again(at, inf, healths), Notice(at, Level.ERROR, text)]

    def update(
        self,
        at: float,
        since: float,
        healths: Sequence[UplinkHealth],
        active: UplinkHealth,
        why_not: Callable[[UplinkHealth], str],
        *,
        forced: bool,
        astray: str = "",
    ) -> list[Output]:
        """The `active` one of `healths` has been failing `since`; `why_not` says why another cannot
        be moved to, however old its answer is; `forced`: an operator's order keeps the traffic;
        `astray`: where it goes all the same."""
        outputs = self._ask_again(at, since, healths)
        due = self._reminder.due(at) if forced else self._notices.is_news("staying", since)
        if not due:
            return outputs
        others = [(health, why_not(health)) for health in healths if health is not active]
        known = [_known(*each) for each in others] or ["there is no other uplink"]
        said = "; ".join([active.evidence(), *known])
        said += f"; but {astray}" if astray else ""
        name, family = active.uplink.name, active.uplink.family
        if forced:
            text = f"a forced order keeps the traffic on {name} until it is released: {said}"
            outputs.append(Notice(at, Level.ERROR, f"{family}: {text}"))
        elif all(why for _, why in others):
            notice = Notice(at, Level.ERROR, f"{family}: staying with {name}: {said}")
            outputs += self._notices.once("staying", since, notice)
        return outputs

    def _ask_again(self, at: float, since: float, healths: Sequence[UplinkHealth]) -> list[Output]:
        first, self._trouble = since != self._trouble, since
        if not first and at < self.ask_at:
            return []
        self.ask_at = at + ASK_AGAIN
        return [
            ProbeNow(at, h.uplink.id, again=not first)
            for h in healths
            if not h.cut and (first or h.why_not(at, since))
        ]


def _known(health: UplinkHealth, why_not: str) -> str:
    """What is known of an uplink that the traffic does not move to."""
    evidence = health.evidence()
    if health.state is UplinkState.FAILED or not why_not or why_not in evidence:
        return evidence
    return f"{evidence}, but {why_not}"
