"""What a person is told when an uplink that recovers must begin its stable time again."""

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.states import UplinkState


def judge_round(health: UplinkHealth, event: Round) -> list[Output]:
    """Have an uplink judge a round, and say what changed, and what to tell. A line that loses many
    packets is no news each time."""
    if health.state is not UplinkState.RECOVERING:
        return [*health.on_round(event)]
    proven = health.proven
    outputs: list[Output] = [*health.on_round(event)]
    return outputs + _news(event.at, health, proven, event.reason) if proven else outputs


def _news(at: float, health: UplinkHealth, proven: float, reason: str) -> list[Output]:
    """What to tell of an uplink after a round; before it, good rounds had covered `proven`
    seconds. `reason` says why the round failed, in words."""
    if health.state is UplinkState.HEALTHY:
        health.setbacks.end()
    if health.state is not UplinkState.RECOVERING or health.proven >= proven:
        return []
    if not health.setbacks.due(at):
        return []
    why = reason or "nothing was known of it for too long"
    text = (
        f"{health.label}: its stable time begins again after {proven:.0f} s: {why}. It is"
        f" healthy after good rounds for {health.stable_time:g} s without a failed one"
    )
    return [Notice(at, Level.INFO, text)]
