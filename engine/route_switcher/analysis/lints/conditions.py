"""Conditions that can never hold, that contradict each other, or that a single packet decides."""

from collections.abc import Iterable, Iterator
from math import floor

from route_switcher.analysis.leaves.beyond import BeyondAnalysis
from route_switcher.analysis.leaves.registry import fail_analysis
from route_switcher.analysis.lints.context import LintContext, parts
from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    Condition,
    ConsecutiveFailures,
    FailLeaf,
    Measure,
    RecoverLeaf,
    Within,
)
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import answers_needed
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.policy.sections.conditions import LONGEST_WINDOW
from route_switcher.policy.yaml.reader import Path
from route_switcher.text.durations import format_duration, seconds
from route_switcher.text.quantities import counted, listed, number, share

_FEW = 10
"""Rounds in a window, below which a share of them is a coarse measure."""


def doubt_limits(context: LintContext) -> None:
    """Limits that no answer in time can exceed, and so keep everything."""
    for path, rule in context.rules():
        for place, leaf in context.leaves(rule.fail, (*path, "fail")):
            if not isinstance(leaf, Beyond) or leaf.measure is Measure.LOSS:
                continue
            timeout = context.probe(leaf.probe).timeout
            if not BeyondAnalysis(leaf).possible(context.probe(leaf.probe)):
                context.warn(
                    "never-fails",
                    (*place, leaf.measure.value),
                    f"a {leaf.measure.value} above {seconds(leaf.limit)} is never seen: answers"
                    f" that take longer than the timeout of {seconds(timeout)} count as lost",
                    f"write less than {format_duration(timeout)}, or a longer"
                    f" {_to_lengthen(leaf.limit, context.probe(leaf.probe).interval)}",
                )


def _to_lengthen(limit: float, interval: float) -> str:
    """What must be longer so that an answer after `limit` seconds counts: rounds do not overlap."""
    return "timeout" if limit < interval else "interval and timeout"


def doubt_contradictions(context: LintContext) -> None:
    """Parts of an `all` that cannot hold together: silence leaves no answers to measure."""
    for path, rule in context.rules():
        for place, condition in parts(rule.fail, (*path, "fail")):
            if isinstance(condition, AllOf):
                _check_silence(context, rule, place, condition)


def doubt_groups(context: LintContext) -> None:
    """Parts of an `any` or an `all` that change nothing beside another part."""
    for path, rule in context.rules():
        for place, condition in parts(rule.fail, (*path, "fail")):
            if isinstance(condition, AnyOf | AllOf):
                _check_parts(context, place, condition)


def _check_parts(context: LintContext, place: Path, group: AnyOf | AllOf) -> None:
    key = "any" if isinstance(group, AnyOf) else "all"
    told = group.conditions
    for index, part in enumerate(told):
        if part in told[:index]:
            message = "this condition stands here twice"
        elif any(_without_effect(part, other, key) for other in told):
            quicker = "an easier one holds" if key == "any" else "a harder one is asked for"
            message = f"this condition changes nothing: {quicker} beside it"
        else:
            continue
        context.note("says-nothing", (*place, key, index), message, "remove it")


def _without_effect(part: Condition, other: Condition, key: str) -> bool:
    """Whether `other` decides whenever both are asked: in an `any` the one that holds sooner, in
    an `all` the one that holds later."""
    if isinstance(part, AnyOf | AllOf | RecoverLeaf) or isinstance(
        other, AnyOf | AllOf | RecoverLeaf
    ):
        return False
    if _probe_of(part) != _probe_of(other):
        return False
    sooner, later = (other, part) if key == "any" else (part, other)
    return fail_analysis(sooner).precedes(later)


def _probe_of(leaf: FailLeaf) -> str | None:
    return leaf.probe if isinstance(leaf, ConsecutiveFailures | Beyond) else None


def _check_silence(context: LintContext, rule: Rule, place: Path, condition: AllOf) -> None:
    runs = [c for c in condition.conditions if isinstance(c, ConsecutiveFailures)]
    for index, part in enumerate(condition.conditions):
        if not isinstance(part, Beyond) or part.measure is Measure.LOSS:
            continue
        probe = context.probe(part.probe)
        needed = {
            answers_needed(probe.quorum, len(probe.targets_for(u.family)))
            for u in context.judged_by(rule)
        }
        fast = failures_that_count(probe, [rule])
        for run in runs:
            silence = probe.interval + (min(run.failures, fast) - 1) * probe.fast_interval
            if run.probe == part.probe and needed == {1} and silence >= part.over:
                context.warn(
                    "never-fails",
                    (*place, "all", index),
                    f"these never hold together: after {counted(run.failures, 'failed round')}"
                    f" nothing has answered for {seconds(silence)}, so there is no"
                    f" {part.measure.value} over {seconds(part.over)}",
                    f"write a longer window than {format_duration(silence)}, or 'any'",
                )


def doubt_thresholds(context: LintContext) -> None:
    """Recover conditions that ask for nothing that the fail condition does not ask for already."""
    for path, rule in context.rules():
        fails = [c for _, c in context.leaves(rule.fail, path) if isinstance(c, Beyond)]
        for place, leaf in context.leaves(rule.recover.condition, (*path, "recover")):
            if not isinstance(leaf, Within):
                continue
            for fail in fails:
                alike = (fail.measure, fail.probe) == (leaf.measure, leaf.probe)
                if alike and leaf.limit >= fail.limit:
                    _report_thresholds(context, (*place, leaf.measure.value), fail, leaf)


def _report_thresholds(context: LintContext, place: Path, fail: Beyond, recover: Within) -> None:
    written = share if fail.measure is Measure.LOSS else seconds
    what = fail.measure.value
    hint = f"write less than {written(fail.limit)}, about half of it, so that it does not flap"
    if recover.limit > fail.limit:
        context.warn(
            "contradiction",
            place,
            f"it fails above a {what} of {written(fail.limit)} and recovers at up to"
            f" {written(recover.limit)}, which is failed still",
            hint,
        )
    else:
        context.note(
            "no-margin",
            place,
            f"it fails and recovers at the same {what}, {written(fail.limit)}",
            hint,
        )


def doubt_windows(context: LintContext) -> None:
    """Windows of so few rounds that one of them decides."""
    for path, rule in context.rules():
        for place, leaf in context.leaves(rule.fail, (*path, "fail")):
            if isinstance(leaf, Beyond):
                _check_fail_window(context, place, leaf)
                _check_standby_window(context, path, rule, place, leaf)
        for place, leaf in context.leaves(rule.recover.condition, (*path, "recover")):
            if isinstance(leaf, Within):
                _check_recover_window(context, place, leaf)


def _check_fail_window(context: LintContext, place: Path, leaf: Beyond) -> None:
    interval = context.probe(leaf.probe).interval
    rounds = leaf.over / interval
    if rounds >= _FEW or leaf.measure is not Measure.LOSS:
        return
    held = f"{seconds(leaf.over)} hold {_rounds(rounds)}, so one lost round is {share(1 / rounds)}"
    if 1 / rounds > leaf.limit:
        hint = f"write {_window_or(2 * interval / leaf.limit, 'failures')}"
        above = f"{held}, above the limit of {share(leaf.limit)}"
        context.warn("one-round-decides", (*place, "over"), above, hint)
    else:
        context.note(
            "coarse-window", (*place, "over"), held, f"write {_window_or(_FEW * interval)}"
        )


def _window_or(over: float, *others: str) -> str:
    """A window of at least so many seconds, where a policy may have it, or what else there is."""
    long_enough = [f"'over: {format_duration(over)}' or more"] if over <= LONGEST_WINDOW else []
    words = [*long_enough, *(f"'{other}'" for other in others)]
    return listed(words or ["a shorter interval into the probe"], "or")


def _check_recover_window(context: LintContext, place: Path, leaf: Within) -> None:
    rounds = leaf.over / context.probe(leaf.probe).interval
    if leaf.measure is Measure.LOSS and leaf.limit > 0 and 1 / rounds > leaf.limit:
        context.note(
            "coarse-window",
            (*place, "over"),
            f"{seconds(leaf.over)} hold {_rounds(rounds)}: at most {share(leaf.limit)} lost means"
            " none lost",
            f"write 'loss: 0%' if that is meant, or {_longer(context, leaf)}",
        )


def _longer(context: LintContext, leaf: Within) -> str:
    enough = context.probe(leaf.probe).interval / leaf.limit
    if enough >= LONGEST_WINDOW:
        return "a higher loss"
    return f"a longer window than {format_duration(enough)}"


def _check_standby_window(
    context: LintContext, path: Path, rule: Rule, place: Path, leaf: Beyond
) -> None:
    probe = context.probe(leaf.probe)
    standby = probe.standby_interval
    decides = leaf.limit * leaf.over if leaf.measure is Measure.LOSS else leaf.over
    if standby == probe.interval or standby <= decides:
        return
    if probe.interval > decides or not any(map(context.may_stand_by, context.judged_by(rule))):
        return
    if leaf.measure is Measure.LOSS:
        message = f"one lost round counts as {seconds(standby)} of loss, above {share(leaf.limit)}"
    else:
        message = f"a window of {seconds(leaf.over)} holds one round"
    context.warn(
        "standby-too-sparse",
        (*place, "over"),
        f"an uplink that stands by is asked every {seconds(standby)}: {message}",
        f"write {listed(list(_remedies(context, path, rule, leaf)), 'or')}",
    )


def _remedies(context: LintContext, place: Path, rule: Rule, leaf: Beyond) -> Iterator[str]:
    probe, loss = context.probe(leaf.probe), leaf.measure is Measure.LOSS
    decides = leaf.limit * leaf.over if loss else leaf.over
    yield f"a 'standby_interval' of at most {format_duration(floor(decides * 1000) / 1000)}"
    if probe.standby_interval / (leaf.limit if loss else 1.0) < LONGEST_WINDOW:
        yield "a longer window"
    standing_by = [u for u in context.judged_by(rule) if context.may_stand_by(u)]
    firsts = [context.policy.uplinks_of(family)[0] for family in context.policy.families]
    # The most preferred one is active as a rule: the others are those that stand by.
    spared = _names(u for u in standing_by if u not in firsts) or _names(standing_by)
    if set(probe.uplinks or ()) != set(spared):
        own = "a probe of its own" if len(spared) == 1 else "a probe of their own"
        yield f"{own} for {listed(spared)} ('uplinks: [{', '.join(spared)}]')"
    names_none = (*place, "uplinks") not in context.findings.document.keys
    if names_none and len(spared) < len(_names(context.judged_by(rule))):
        yield "'uplinks' for the rule"


def _names(uplinks: Iterable[Uplink]) -> list[str]:
    return list(dict.fromkeys(uplink.name for uplink in uplinks))


def _rounds(count: float) -> str:
    return f"{number(count)} round" if count == 1 else f"{number(count)} rounds"
