"""The states and causes that the core speaks of."""

from collections.abc import Iterable
from enum import Enum


class RoundOutcome(Enum):
    """What a round came to."""

    GOOD = "good"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Nothing can be said about the uplink; counters and states stay as they are."""


class RuleState(Enum):
    """What a rule says of an uplink."""

    UNKNOWN = "unknown"
    OK = "ok"
    FAILED = "failed"
    RECOVERING = "recovering"

    # As a part of the keys of a table it is hashed at most rounds: by identity, in C.
    __hash__ = object.__hash__


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


class Speed(Enum):
    """The speed of an uplink's rounds while nothing is being confirmed."""

    NORMAL = "normal"
    STANDBY = "standby"
    """Healthy, and not needed now."""
    DOWN = "down"
    """Failed."""


class Cause(Enum):
    """Why the selection changed."""

    START = "first selection"
    RESTART = "found active at the start"
    FAILOVER = "the active uplink failed"
    FIRST_ANSWER = "nothing is healthy, and this one answers"
    BETTER = "healthy instead of recovering"
    STEADIER = "healthy, and the active uplink is damped"
    PREFERENCE = "healthy and preferred"
    OPERATOR = "ordered"
    RELOAD = "the policy's order of preference changed"
    REFUSED = "the kernel refused the active uplink's route"
    REMOVED = "the active uplink left the policy"
    UNDONE = "the switch before is undone: the traffic got no answers"


VOLUNTARY = frozenset({Cause.BETTER, Cause.STEADIER, Cause.PREFERENCE})
"""The optional moves: the active uplink carries the traffic."""
