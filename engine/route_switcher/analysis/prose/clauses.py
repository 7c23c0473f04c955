"""Conditions, quorums and names as parts of a sentence."""

from collections.abc import Sequence
from typing import assert_never

from route_switcher.analysis.prose.quantities import counted, listed, seconds, share
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.policy import Policy, Quorum


def clause(condition: Condition, policy: Policy) -> str:
    """A condition as a sentence has it after `when`."""
    match condition:
        case AnyOf() | AllOf():
            word = "or" if isinstance(condition, AnyOf) else "and"
            words = [_enclosed(part, policy) for part in condition.conditions]
            said = f", {word} ".join(words) if len(words) > 1 else words[0]
        case ConsecutiveFailures(failures=1):
            said = f"a round{_of(condition.probe, policy)} has failed"
        case ConsecutiveFailures():
            rounds = counted(condition.failures, "round")
            said = f"{rounds}{_of(condition.probe, policy)} in a row have failed"
        case ConsecutiveSuccesses(successes=1):
            said = f"a round{_of(condition.probe, policy)} was good"
        case ConsecutiveSuccesses():
            rounds = counted(condition.successes, "round")
            said = f"{rounds}{_of(condition.probe, policy)} in a row were good"
        case Beyond():
            said = _beyond(condition, policy)
        case Within():
            said = _within(condition, policy)
        case CarrierDown():
            said = "its interface has no carrier, is down, or is missing"
        case CarrierUp():
            said = "its interface is up and has a carrier"
        case _:
            assert_never(condition)
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


def _beyond(leaf: Beyond, policy: Policy) -> str:
    return _measured(leaf, policy, "more than", "any")


def _within(leaf: Within, policy: Policy) -> str:
    return _measured(leaf, policy, "at most", "all")


def _measured(leaf: Beyond | Within, policy: Policy, compared: str, every: Quorum) -> str:
    """`every` is the quorum by which it must be so for every target."""
    whose, over = _whose(leaf, policy, every), seconds(leaf.over)
    match leaf.measure:
        case Measure.LOSS:
            limit = f"{compared} {share(leaf.limit)}" if leaf.limit else "nothing"
            return f"{limit} is lost to {whose} over {over}"
        case Measure.LATENCY:
            limit = f"{compared} {seconds(leaf.limit)}"
            return f"the round trip to {whose} takes {limit} in the mean over {over}"
        case Measure.JITTER:
            limit = f"{compared} {seconds(leaf.limit)}"
            return (
                f"round trips to {whose} differ by {limit} from one to the next in the mean over"
                f" {over}"
            )


def _whose(leaf: Beyond | Within, policy: Policy, every: Quorum) -> str:
    """The targets for which it must be so: the quorum says how many keep the limit."""
    probe = next(p for p in policy.probes if p.name == leaf.probe)
    of = _of(probe.name, policy)
    if len(probe.targets) == 1:
        return str(probe.targets[0])
    if isinstance(probe.quorum, int):
        if isinstance(leaf, Within):
            return f"{counted(probe.quorum, 'target')}{of} or more"
        return f"so many targets{of} that fewer than {probe.quorum} are left"
    return f"every target{of}" if probe.quorum == every else f"a target{of}"


def _of(probe: str, policy: Policy) -> str:
    """Which probe's, where there are several."""
    return f" of {probe}" if len(policy.probes) > 1 else ""


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
