"""Where the traffic goes when the active uplink has lost its link: said once more, for tests."""

from route_switcher.core.engine import Engine
from route_switcher.core.health.health_status import health_status
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family

_CLASSES = (
    UplinkState.FAILED,
    UplinkState.UNKNOWN,
    UplinkState.RECOVERING,
    UplinkState.HEALTHY,
)


def refuge(engine: Engine, family: Family, left: str, at: float) -> str | None:
    """The uplink to be on instead of `left`, whose link is lost: the best by state, among equals
    one that answers, and then the most preferred; None: the others are silent or of no use."""
    usable = [
        health
        for health in engine._families[family].healths
        if health.uplink.name != left and _usable(engine, health, at)
    ]
    best = max(usable, key=lambda h: _worth(engine, h, at), default=None)
    return None if best is None else best.uplink.name


def _usable(engine: Engine, health: UplinkHealth, at: float) -> bool:
    admission = engine._families[health.uplink.family].admission
    return (
        health.link.connected
        and health.routable
        and not admission.refused(health)
        and (health.state is not UplinkState.FAILED or not health.why_not(at))
    )


def _worth(engine: Engine, health: UplinkHealth, at: float) -> tuple[int, bool, bool]:
    state = engine._families[health.uplink.family].admission.state(health, at)
    damped = state is UplinkState.HEALTHY and health.penalty.until > at
    return _CLASSES.index(state), not damped, not health.why_not(at)


def check_no_lost_link_is_kept(engine: Engine, at: float) -> None:
    """Nobody stays on a lost link while another uplink is of use, except by a forced order."""
    for family in engine.policy.families:
        selection = engine._families[family]
        active, order = selection.current, selection.override
        if active is None:
            continue
        health = next(health for health in selection.healths if health.uplink.name == active)
        if health.state is not UplinkState.FAILED or not health_status(health, at).link_lost:
            continue
        if order is None or not order.force or order.uplink != active:
            assert refuge(engine, family, active, at) is None, "a lost link is kept"
