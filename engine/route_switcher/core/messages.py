"""What the core says, as sentences for a person: the same in the daemon's log and in a test."""

from typing import assert_never

from route_switcher.core.vocabulary.outputs import (
    Decision,
    Notice,
    Output,
    ProbeNow,
    RuleChange,
    SpeedChange,
)


def describe(output: Output) -> str:
    """One output of the core, on one line."""
    match output:
        case Decision():
            return _decision(output)
        case RuleChange():
            return (
                f"{output.uplink}: rule {output.rule}: {output.before.value} -> "
                f"{output.after.value}: {output.evidence}"
            )
        case Notice():
            return output.text
        case ProbeNow():
            return f"{output.uplink}: asked for a round at once"
        case SpeedChange():
            return f"{output.uplink}: rounds go at the {output.speed.value} speed"
        case _:
            assert_never(output)


def trouble_age(decision: Decision) -> float | None:
    """Seconds from the beginning of the trouble to the decision; None if there was none."""
    return None if decision.since is None else decision.at - decision.since


def _decision(decision: Decision) -> str:
    why = decision.cause.value
    if decision.rules:
        why += f" (rule {', '.join(decision.rules)})"
    age = trouble_age(decision)
    if age is not None:
        why += f", {age:.1f} s after its trouble began"
    move = f"{decision.previous} -> " if decision.previous else ""
    return f"{decision.family}: {move}{decision.selected}: {why}. {'; '.join(decision.evidence)}"
