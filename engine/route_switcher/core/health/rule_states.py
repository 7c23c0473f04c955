"""The life of one rule on one uplink: four states, and a table of every transition.

A rule is told of rounds and of the link. From these it makes signals, and `TRANSITIONS` says what
a signal does in each state. Nothing else changes a state, and a pair that is not in the table is a
bug that raises `KeyError` and changes nothing.
"""

from enum import Enum

from route_switcher.core.vocabulary.states import RuleState


class Signal(Enum):
    """What a rule makes of an event."""

    GOOD = "a good round"
    ROUND_FAILED = "a failed round, and the fail condition does not hold"
    CONDITION_HELD = "the fail condition holds"
    RECOVERED = "the recover condition holds"
    REQUIRE_RECOVERY = "the uplink must prove itself before it is trusted"
    DISTRUSTED = "it must prove itself, though its rounds are good"

    # As a part of the keys of `TRANSITIONS` it is hashed at most rounds: by identity, in C.
    __hash__ = object.__hash__


_S, _G = RuleState, Signal

TRANSITIONS: dict[tuple[RuleState, Signal], RuleState] = {
    (_S.UNKNOWN, _G.GOOD): _S.OK,
    (_S.UNKNOWN, _G.ROUND_FAILED): _S.UNKNOWN,
    (_S.UNKNOWN, _G.CONDITION_HELD): _S.FAILED,
    (_S.UNKNOWN, _G.REQUIRE_RECOVERY): _S.RECOVERING,
    (_S.UNKNOWN, _G.DISTRUSTED): _S.RECOVERING,
    (_S.OK, _G.GOOD): _S.OK,
    (_S.OK, _G.ROUND_FAILED): _S.OK,
    (_S.OK, _G.CONDITION_HELD): _S.FAILED,
    (_S.OK, _G.REQUIRE_RECOVERY): _S.OK,
    (_S.OK, _G.DISTRUSTED): _S.RECOVERING,
    (_S.FAILED, _G.GOOD): _S.RECOVERING,
    (_S.FAILED, _G.ROUND_FAILED): _S.FAILED,
    (_S.FAILED, _G.CONDITION_HELD): _S.FAILED,
    (_S.FAILED, _G.REQUIRE_RECOVERY): _S.FAILED,
    (_S.FAILED, _G.DISTRUSTED): _S.FAILED,
    # A recovering uplink may be carrying the traffic (when nothing is healthy), so that one lost
    # packet must not fail it: it starts its stable time again, and the fail condition decides.
    (_S.RECOVERING, _G.GOOD): _S.RECOVERING,
    (_S.RECOVERING, _G.ROUND_FAILED): _S.RECOVERING,
    (_S.RECOVERING, _G.CONDITION_HELD): _S.FAILED,
    (_S.RECOVERING, _G.RECOVERED): _S.OK,
    (_S.RECOVERING, _G.REQUIRE_RECOVERY): _S.RECOVERING,
    (_S.RECOVERING, _G.DISTRUSTED): _S.RECOVERING,
}
