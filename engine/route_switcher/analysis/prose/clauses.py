"""Conditions, quorums and names as parts of a sentence."""

from collections.abc import Sequence

from route_switcher.analysis.leaves.registry import analysis_of
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Quorum
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import listed


def clause(condition: Condition, policy: Policy) -> str:
    """A condition as a sentence has it after `when`."""
    match condition:
        case AnyOf() | AllOf():
            word = "or" if isinstance(condition, AnyOf) else "and"
            words = [_enclosed(part, policy) for part in condition.conditions]
            said = f", {word} ".join(words) if len(words) > 1 else words[0]
        case leaf:
            said = analysis_of(leaf).clause(policy)
    if not condition.for_seconds:
        return said
    return f"{_grouped(condition, said)}, for {seconds(condition.for_seconds)} without a break"


def _enclosed(part: Condition, policy: Policy) -> str:
    said = clause(part, policy)
    # Whose `for` it is would not be clear without.
    return f"({said})" if part.for_seconds else _grouped(part, said)


def _grouped(condition: Condition, said: str) -> str:
    several = isinstance(condition, AnyOf | AllOf) and len(condition.conditions) > 1
    return f"({said})" if several else said


def names(some: Sequence[str], everything: Sequence[str]) -> str:
    """Uplinks that something goes through, or is so for, all together."""
    if len(some) == len(everything) > 1:
        return "both uplinks" if len(some) == 2 else "every uplink"
    return listed(some)


def any_of(some: Sequence[str], everything: Sequence[str]) -> str:
    """Uplinks of which each is judged by itself."""
    return "an uplink" if len(some) == len(everything) > 1 else listed(some, "or")


def good_if(quorum: Quorum, targets: int, timeout: float) -> str:
    """What makes a round good."""
    within = f"within {seconds(timeout)}"
    if targets == 1:
        return f"A round is good if it answers {within}."
    if quorum == "all" or quorum == targets:
        return f"A round is good if all of them answer {within}."
    if quorum == "any" or quorum == 1:
        return f"A round is good if one of them answers {within}."
    return f"A round is good if {quorum} of them answer {within}."
