"""What a person is told when an uplink that recovers must begin its stable time again."""

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.reminder import Reminder
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import UplinkId
from route_switcher.core.vocabulary.states import UplinkState


class Setbacks:
    """Remembers of which uplinks this was told lately: a line that loses many packets is no news
    each time."""

    def __init__(self) -> None:
        self._reminders: dict[UplinkId, Reminder] = {}

    def on_round(self, health: UplinkHealth, event: Round) -> list[Output]:
        """Have an uplink judge a round, and say what changed, and what to tell."""
        proven = health.proven if health.state is UplinkState.RECOVERING else 0.0
        outputs: list[Output] = [*health.on_round(event)]
        return outputs + self._news(event.at, health, proven, event.reason) if proven else outputs

    def _news(self, at: float, health: UplinkHealth, proven: float, reason: str) -> list[Output]:
        """What to tell of an uplink after a round; before it, good rounds had covered `proven`
        seconds. `reason` says why the round failed, in words."""
        uplink = health.uplink.id
        if health.state is UplinkState.HEALTHY:
            self._reminders.pop(uplink, None)
        if health.state is not UplinkState.RECOVERING or health.proven >= proven:
            return []
        if not self._reminders.setdefault(uplink, Reminder()).due(at):
            return []
        why = reason or "nothing was known of it for too long"
        text = (
            f"{health.label}: its stable time begins again after {proven:.0f} s: {why}. It is"
            f" healthy after good rounds for {health.stable_time:g} s without a failed one"
        )
        return [Notice(at, Level.INFO, text)]
