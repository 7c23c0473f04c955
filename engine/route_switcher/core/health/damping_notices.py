"""What a person is told of uplinks that fail too often."""

from collections.abc import Iterable, Iterator

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.outputs import Level, Notice


def damping_notices(at: float, healths: Iterable[UplinkHealth]) -> Iterator[Notice]:
    """What to tell of those that are damped longer than was said."""
    for health in healths:
        until = health.penalty.until
        if until > at:
            text = f"{health.label} failed too often lately: damped for {until - at:.0f} s"
            yield from health.notices.once("damped", until, Notice(at, Level.WARNING, text))
