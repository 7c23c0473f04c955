"""Rules that fire by chance, that hardly come back, or that are never needed."""

from route_switcher.analysis.figures.false_alarms import (
    false_failures,
    time_to_recover,
)
from route_switcher.analysis.leaves.registry import fail_analysis
from route_switcher.analysis.leaves.within import WithinAnalysis
from route_switcher.analysis.lints.context import LintContext
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Measure, RecoverLeaf, Within
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import how_often, share

_NOISE = 0.01
"""The chance of a packet to be lost on a line that nobody would complain about."""

_TOO_OFTEN = 15.0
"""False failures in 30 days at that noise: one every other day."""

_TOO_LONG = 3600.0
"""Seconds of the mean time to come back at that noise..."""
_TIMES_LONGER = 5.0
"""...if it is so many times the stable time."""

_SELDOM = 0.01
"""The share of the time in which a limit is kept, below which it as good as never is."""


def doubt_noise(context: LintContext) -> None:
    """Rules that fail a line for a little random loss, and so move traffic for nothing."""
    for path, rule in context.rules():
        watches = context.monitoring_of_rule(rule)
        often = max(
            (false_failures(w, rule, u.family, _NOISE).failures for u, w in watches), default=0.0
        )
        if often > _TOO_OFTEN:
            context.warn(
                "fails-by-chance",
                (*path, "fail"),
                f"at {share(_NOISE)} random loss {rule.name} fails a working uplink"
                f" {how_often(often)}",
                "ask for more failures, a longer window, or more targets with 'quorum: any'",
                on_key=True,
            )


def doubt_recovery(context: LintContext) -> None:
    """Rules that come back with the first good round, or as good as never."""
    for path, rule in context.rules():
        recover = rule.recover
        place = (*path, "recover", "stable")
        if recover.stable == 0 and recover.condition is None:
            held = context.policy.hold_back
            if not held.min_stay and held.damping is None:
                context.warn(
                    "comes-back-at-once",
                    place,
                    f"{rule.name} recovers with the first good round: a line that comes and goes"
                    " moves the traffic every time",
                    "write a stable time, such as 60s, or 'hold_back'",
                )
            continue
        longest = max(
            (
                time_to_recover(w, rule, u.family, _NOISE)
                for u, w in context.monitoring_of_rule(rule)
            ),
            default=0.0,
        )
        if longest > max(_TOO_LONG, _TIMES_LONGER * recover.stable):
            takes = "as good as never" if longest > 1e7 else f"{seconds(longest)} in the mean"
            context.warn(
                "hardly-recovers",
                place,
                f"at {share(_NOISE)} random loss {seconds(recover.stable)} without a failed round"
                f" take {takes}",
                "write a shorter stable time beside 'loss: 2%, over: 60s', or ask more targets"
                " with 'quorum: any'",
            )


def doubt_recovered_loss(context: LintContext) -> None:
    """Losses that a little noise alone keeps above the limit for recovery."""
    for path, rule in context.rules():
        for place, leaf in context.leaves(rule.recover.condition, (*path, "recover")):
            if not isinstance(leaf, Within) or leaf.measure is not Measure.LOSS:
                continue
            probe = context.probe(leaf.probe)
            families = {uplink.family for uplink in context.judged_by(rule)}
            analysis = WithinAnalysis(leaf)
            kept = min(analysis.share_within(probe, family, _NOISE) for family in families)
            if kept < _SELDOM:
                context.warn(
                    "hardly-recovers",
                    (*place, leaf.measure.value),
                    f"at {share(_NOISE)} random loss, at most {share(leaf.limit)} over"
                    f" {seconds(leaf.over)} is kept {share(kept)} of the time",
                    "write a higher limit, or a shorter window",
                )


def doubt_shadowed(context: LintContext) -> None:
    """Rules that another one anticipates, failing and coming back, or that say the same again."""
    earlier: list[Rule] = []
    for path, rule in context.rules():
        first = next((r for r in context.policy.rules if r is not rule and _covers(r, rule)), None)
        same = next((r for r in earlier if _is_same(r, rule)), None)
        earlier.append(rule)
        if same is not None:
            context.note(
                "shadowed",
                (*path, "fail"),
                f"{rule.name} has no effect: {same.name} asks for the same",
                "remove it, or let it ask for something else",
                on_key=True,
            )
        elif first is not None:
            context.note(
                "shadowed",
                (*path, "fail"),
                f"{rule.name} has no effect: {first.name} always fails sooner, and does not"
                " recover sooner",
                "remove it, or let it ask for something else",
                on_key=True,
            )


def _is_same(first: Rule, rule: Rule) -> bool:
    """Whether both say the same, and `first` of all the uplinks that `rule` judges."""
    mine = set(rule.uplinks) if rule.uplinks is not None else None
    all_of_them = first.uplinks is None or (mine is not None and mine <= set(first.uplinks))
    return all_of_them and (first.fail, first.recover) == (rule.fail, rule.recover)


def _covers(first: Rule, rule: Rule) -> bool:
    """Whether `first` is failed or recovering whenever `rule` is, by conditions of one kind."""
    if first.uplinks is not None and (
        rule.uplinks is None or not set(rule.uplinks) <= set(first.uplinks)
    ):
        return False
    # Where both stand for the same, each would shadow the other: the later one is told of.
    if first.recover.condition != rule.recover.condition:
        return False
    if first.recover.stable < rule.recover.stable or first.probes != rule.probes:
        return False
    if isinstance(first.fail, AnyOf | AllOf) or isinstance(rule.fail, AnyOf | AllOf | RecoverLeaf):
        return False
    return fail_analysis(first.fail).precedes(rule.fail)
