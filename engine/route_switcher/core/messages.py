"""What the core says, as sentences for a person: the same in the daemon's log and in a test."""

from typing import assert_never

from route_switcher.core.vocabulary.effects import Effect
from route_switcher.core.vocabulary.outputs import (
    Decision,
    Notice,
    Output,
    RouteLost,
    RoutingRuleLost,
    RuleChange,
)
from route_switcher.core.vocabulary.policy import Policy


def describe(output: Output, policy: Policy) -> str:
    """One output of the core, on one line; `policy` is the one in effect."""
    if isinstance(output, Effect):
        return output.describe(policy)
    match output:
        case Decision():
            return _decision(output)
        case RuleChange():
            return (
                f"{policy.label(output.uplink)}: rule {output.rule}: {output.before.value} -> "
                f"{output.after.value}: {output.evidence}"
            )
        case Notice():
            return output.text
        case RouteLost():
            return f"our route was taken away by {output.by}: {output.route}"
        case RoutingRuleLost():
            return f"our {output.rule.family} rule was taken away by somebody else: {output.rule}"
        case _:
            assert_never(output)


def trouble_age(decision: Decision) -> float | None:
    """Seconds from the beginning of the trouble to the decision; None if there was none."""
    return None if decision.since is None else decision.at - decision.since


def describe_move(decision: Decision) -> str:
    """Why the selection changed, without the evidence."""
    why = decision.cause.value
    if decision.rules:
        why += f" (rule {', '.join(decision.rules)})"
    age = trouble_age(decision)
    if age is not None:
        why += f", {age:.1f} s after its trouble began"
    return why


def _decision(decision: Decision) -> str:
    why = describe_move(decision)
    # Whether the traffic follows is asked of the kernel next, and told then.
    move = f" instead of {decision.previous}" if decision.previous else ""
    said = "; ".join(decision.evidence)
    return f"{decision.family}: {decision.selected} selected{move}: {why}. {said}"
