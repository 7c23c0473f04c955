"""Recover conditions that say less than they seem to."""

from route_switcher.analysis.lints.context import LintContext
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    CarrierUp,
    Condition,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.text.durations import format_duration, seconds
from route_switcher.text.quantities import counted


def doubt_old_answers(context: LintContext) -> None:
    """Windows of latency or jitter that vouch for an uplink by answers from before its failure."""
    for path, rule in context.rules():
        sure = max(rule.recover.stable, _longest_loss(rule.recover.condition))
        for place, leaf in context.leaves(rule.recover.condition, (*path, "recover")):
            if not isinstance(leaf, Within) or leaf.measure is Measure.LOSS or leaf.over <= sure:
                continue
            context.note(
                "looks-back",
                (*place, "over"),
                f"for {seconds(leaf.over)} after a failure, answers from before it count: good"
                " rounds are asked for during"
                f" {seconds(rule.recover.stable)} only",
                f"write 'stable: {format_duration(leaf.over)}' or more, or a loss over the same"
                " time beside it",
            )


def _longest_loss(condition: Condition | None) -> float:
    """Seconds after a failure in which a window of losses, which must hold, keeps it in sight."""
    parts = condition.conditions if isinstance(condition, AllOf) else (condition,)
    losses = (p for p in parts if isinstance(p, Within) and p.measure is Measure.LOSS)
    return max((loss.over for loss in losses), default=0.0)


def doubt_carrier_up(context: LintContext) -> None:
    """A carrier that must be there, where a good round must come anyway."""
    for path, rule in context.rules():
        recover = rule.recover.condition
        parts = recover.conditions if isinstance(recover, AllOf) else (recover,)
        for place, leaf in context.leaves(recover, (*path, "recover")):
            if isinstance(leaf, CarrierUp) and leaf in parts and not leaf.for_seconds:
                context.note(
                    "says-nothing",
                    (*place, "carrier"),
                    "'carrier: up' adds nothing: it takes a good round to recover, and a good round"
                    " takes a carrier",
                    "leave it out, or write for how long: 'for: 10s'",
                )


def doubt_successes(context: LintContext) -> None:
    """Good rounds in a row that are over before the stable time is, which asks for good rounds."""
    for path, rule in context.rules():
        stable = rule.recover.stable
        for place, leaf in context.leaves(rule.recover.condition, (*path, "recover")):
            if not isinstance(leaf, ConsecutiveSuccesses) or leaf.for_seconds:
                continue
            took = (leaf.rounds - 1) * context.probe(leaf.probe).interval
            if took > stable or not stable:
                continue
            written = (*path, "recover", "stable") in context.findings.document.keys
            which = "the stable time" if written else "the stable time, which is 60s if left out,"
            context.note(
                "stable-decides",
                (*place, "successes"),
                f"{counted(leaf.rounds, 'good round')} take {seconds(took)}, and {which} is longer:"
                " both must hold, so the number of rounds does not matter",
                f"write 'stable: 0s' beside it if {counted(leaf.rounds, 'good round')}"
                f" {'is' if leaf.rounds == 1 else 'are'} enough, or leave out 'successes'",
            )
