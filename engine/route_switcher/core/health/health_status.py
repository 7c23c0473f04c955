"""What is known of the health of one uplink, read from it as a value."""

from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.status import HealthStatus


def health_status(health: UplinkHealth, at: float) -> HealthStatus:
    """The status at `at`. Nothing changes by it."""
    damped_until = health.penalty.until
    return HealthStatus(
        uplink=health.uplink,
        state=health.state,
        evidence=health.evidence(),
        broken=health.broken,
        rules=health.rules(),
        link=health.link,
        routable=health.routable,
        next_hop=health.next_hop,
        learned=health.hop.learned,
        from_before=health.hop.from_before,
        dormant=health.dormant,
        absent=health.hop.absent if health.hop.gone else "",
        last_known=health.last_known,
        last_good=health.last_good,
        last_reason=health.last_reason,
        proven=health.proven,
        stable=health.stable_time,
        failing_since=health.failing_since,
        failing_for=health.failing_for(at),
        answers=health.answers,
        silent=health.silent(at),
        damped_until=damped_until if damped_until > at else -inf,
    )
