"""What it says of an uplink that no echo comes back from its gateway.

Routers may be set up never to send such a packet back. So nothing is concluded from its absence
before one has come back on this line, from this next hop.
"""

from dataclasses import replace

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.states import RoundOutcome

NEVER_CAME_BACK = "no echo has come back on this line yet, so a missing echo says nothing"


def before_the_first_echo(result: RoundResult) -> RoundResult:
    """A round that was sent, while none has come back yet: unknown where it would have failed."""
    if result.outcome is not RoundOutcome.FAILED:
        return result
    answers = tuple(replace(a, asked=False, reason=NEVER_CAME_BACK) for a in result.answers)
    return replace(result, outcome=RoundOutcome.UNKNOWN, answers=answers, reason=NEVER_CAME_BACK)
