"""How long a rule takes to trust an uplink again after a fault has been mended.

The fault is taken to have lasted longer than every window, so that nothing of the time before it is
left. The unknown is how long after the mending each probe's next round is sent: any share of its
down interval, since the uplink is failed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from math import inf

from route_switcher.analysis.figures.detection import mean_over, time_to_fail
from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.registry import fail_analysis, recover_analysis
from route_switcher.analysis.monitoring import Fault, Times, UplinkMonitoring
from route_switcher.core.probing.pace import longest_break
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe


@cache
def time_to_return(monitoring: UplinkMonitoring, rule: Rule, fault: Fault) -> Times | None:
    """Seconds from the mending of a fault until the rule is ok; None: it never failed by it.

    The first good round comes after at most the down interval. From the first one at which the fail
    condition does not hold any more, the stable time runs, on good rounds at the normal interval:
    down interval + stable time, rounded up to whole intervals. Losses and slowness must first
    have left the windows: (1 - limit) x length from the last lost round, in whole rounds. While
    another rule keeps the uplink failed, rounds go on at the down interval.

    At the worst the first round comes last and answers take all of the timeout; typical is the mean
    over the instants of mending, for answers that take no time. A typical slowness was twice the
    limit; at the worst, answers took all of the timeout before, and next to nothing now.
    """
    if time_to_fail(monitoring, rule, fault) is None:
        return None
    failed = [r for r in monitoring.rules if time_to_fail(monitoring, r, fault) is not None]

    def after(first: Mapping[str, float], *, typical: bool) -> float:
        return _over(_usable(Mending(monitoring, fault, first, typical), failed), rule)

    late = max(p.timeout for p in monitoring.concerned(rule))
    if fault is Fault.UNPLUGGED and not monitoring.ignores_carrier:
        # It is asked at once, or when the round under way, if there is one, has timed out.
        busy = {p.name: p.timeout for p in monitoring.probes}
        mean = {p.name: p.timeout**2 / (2 * p.down_interval) for p in monitoring.probes}
        worst, typical = after(busy, typical=False) + late, after(mean, typical=True)
        return None if worst == inf else Times(typical, max(worst, typical))
    down = {p.name: p.down_interval for p in monitoring.probes}
    worst = after(down, typical=False) + late
    if worst == inf:
        return None
    typical = mean_over(
        {p.name: p.down_interval for p in _with_a_say(monitoring, rule, fault)},
        lambda first: after({n: s / 2 for n, s in down.items()} | dict(first), typical=True),
    )
    return Times(typical, max(worst, typical))


@cache
def _with_a_say(monitoring: UplinkMonitoring, rule: Rule, fault: Fault) -> tuple[Probe, ...]:
    """The probes whose instants matter: those of the rule, and where rounds go slower through what
    is failed, those of every rule that keeps it so."""
    slower = any(p.down_interval > p.interval for p in monitoring.probes)
    rules = [
        r for r in monitoring.rules if r == rule or (slower and time_to_fail(monitoring, r, fault))
    ]
    concerned = {p.name for r in rules for p in monitoring.concerned(r)}
    return tuple(p for p in monitoring.probes if p.name in concerned)


def _usable(mending: Mending, failed: Iterable[Rule]) -> Mending:
    """The mending as it goes where these rules had failed."""
    return replace(mending, usable=max((_cleared(mending, r) for r in failed), default=0.0))


def _over(mending: Mending, rule: Rule) -> float:
    """When the rule is ok again."""
    probes = mending.monitoring.concerned(rule)
    cleared = _cleared(mending, rule)
    failed = _last_failed(mending, probes)
    stable_since = max(cleared, min(mending.next(p, failed) for p in probes))
    if all(p.down_interval > max(map(longest_break, probes)) for p in probes):
        stable_since = max(stable_since, *(mending.last(p, mending.usable) for p in probes))
    ready = stable_since + rule.recover.stable
    if rule.recover.condition is not None:
        ready = max(ready, _recovers(mending, rule.recover.condition))
    return min(mending.next(p, ready) for p in probes)


def _last_failed(mending: Mending, probes: tuple[Probe, ...]) -> float:
    """When the last of the rounds that were sent before the mending has failed."""
    if mending.fault is Fault.SLOW:
        return 0.0
    return max(mending.first[p.name] - p.down_interval + p.timeout for p in probes)


def _cleared(mending: Mending, rule: Rule) -> float:
    """The first good round at which the fail condition does not hold."""
    probes = mending.monitoring.concerned(rule)
    return max(_clears(mending, rule.fail), min(mending.first[p.name] for p in probes))


def _clears(mending: Mending, condition: Condition) -> float:
    match condition:
        case AnyOf():
            return max(_clears(mending, part) for part in condition.conditions)
        case AllOf():
            return min(_clears(mending, part) for part in condition.conditions)
        case leaf:
            return fail_analysis(leaf).clears(mending)


def _recovers(mending: Mending, condition: Condition) -> float:
    match condition:
        case AnyOf():
            seconds = min(_recovers(mending, part) for part in condition.conditions)
        case AllOf():
            seconds = max(_recovers(mending, part) for part in condition.conditions)
        case leaf:
            seconds = recover_analysis(leaf).recovers(mending)
    return seconds + condition.for_seconds
