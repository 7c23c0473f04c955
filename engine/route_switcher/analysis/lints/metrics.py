"""Doubts about where metrics are given."""

from route_switcher.analysis.lints.context import LintContext
from route_switcher.core.vocabulary.metrics import Loopback
from route_switcher.policy.sections.metrics import LISTEN, SECTION

_FIRST_FREE = 1024
"""Lower ports need CAP_NET_BIND_SERVICE (ip(7))."""


def doubt_port(context: LintContext) -> None:
    """A port that the engine can have as root only."""
    place = context.policy.metrics
    if isinstance(place, Loopback) and place.port < _FIRST_FREE:
        context.warn(
            "low-port",
            (SECTION, LISTEN),
            f"only root may listen on port {place.port}, and as a service the engine is not root",
            f"write a port from {_FIRST_FREE} on, such as 9000",
        )
