"""Rounds that do not ask some of their targets, because the way to them is not the uplink's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome


def asking_nobody(at: float) -> RoundResult:
    """What a round comes to that has nobody to ask."""
    return RoundResult(at, RoundOutcome.UNKNOWN, ())


def completed(
    result: RoundResult, targets: Sequence[Target], left_out: Mapping[Target, str]
) -> RoundResult:
    """`result` with an answer for each of `targets`, also of those that were not asked."""
    asked = {answer.target: answer for answer in result.answers}
    answers = tuple(
        asked.get(target) or Answer(target, None, left_out[target], asked=False)
        for target in targets
    )
    missing = [left_out[target] for target in targets if target not in asked]
    reason = result.reason
    if result.outcome is RoundOutcome.UNKNOWN:
        reason = "; ".join(dict.fromkeys([*filter(None, [result.reason]), *missing]))
    return replace(result, answers=answers, reason=reason)
