"""The state of an uplink: the worst of the states of its rules."""

from collections.abc import Iterable
from enum import Enum

from route_switcher.core.rules import RuleState


class UplinkState(Enum):
    """The worst of the uplink's rules."""

    HEALTHY = "healthy"
    UNKNOWN = "unknown"
    RECOVERING = "recovering"
    FAILED = "failed"


_WORST_FIRST = (
    (RuleState.FAILED, UplinkState.FAILED),
    (RuleState.RECOVERING, UplinkState.RECOVERING),
    (RuleState.UNKNOWN, UplinkState.UNKNOWN),
)

DECIDED_BY = {uplink: rule for rule, uplink in _WORST_FIRST} | {UplinkState.HEALTHY: RuleState.OK}
"""The state of the rules that decide a state of the uplink."""


def worst(rules: Iterable[RuleState]) -> UplinkState:
    """The state of an uplink whose rules have these states."""
    states = set(rules)
    return next((uplink for rule, uplink in _WORST_FIRST if rule in states), UplinkState.HEALTHY)
