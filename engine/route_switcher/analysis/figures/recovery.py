"""How long a rule takes to trust an uplink again after a fault has been mended.

The fault is taken to have lasted longer than every window, so that nothing of the time before it is
left. The unknown is how long after the mending each probe's next round is sent: any share of its
down interval, since the uplink is failed.
"""

from collections.abc import Mapping
from functools import cache
from math import ceil, inf
from typing import assert_never

from route_switcher.analysis.figures.detection import HALF, mean_over, time_to_fail
from route_switcher.analysis.figures.monitoring import Fault, Times, UplinkMonitoring
from route_switcher.core.probing.pace import longest_break
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
from route_switcher.core.vocabulary.policy import Probe, Rule


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

    def after(first: Mapping[str, float], *, typical: bool) -> float:
        return _Mending(monitoring, fault, first, typical).over(rule)

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


class _Mending:
    """One mending at 0; `first` says when each probe's first good round is sent and answered."""

    def __init__(
        self, monitoring: UplinkMonitoring, fault: Fault, first: Mapping[str, float], typical: bool
    ) -> None:
        self._watch = monitoring
        self._fault = fault
        self._first = first
        self._typical = typical
        self._usable = max(
            (
                self._cleared(r)
                for r in monitoring.rules
                if time_to_fail(monitoring, r, fault) is not None
            ),
            default=0.0,
        )
        """When the uplink is no longer failed: from then on rounds go at the normal interval."""

    def over(self, rule: Rule) -> float:
        """When the rule is ok again."""
        probes = self._watch.concerned(rule)
        cleared = self._cleared(rule)
        stable_since = max(cleared, min(self._next(p, self._last_failed(probes)) for p in probes))
        if all(p.down_interval > max(map(longest_break, probes)) for p in probes):
            stable_since = max(stable_since, *(self._last(p, self._usable) for p in probes))
        ready = stable_since + rule.recover.stable
        if rule.recover.condition is not None:
            ready = max(ready, self._recovers(rule.recover.condition))
        return min(self._next(p, ready) for p in probes)

    def _last_failed(self, probes: tuple[Probe, ...]) -> float:
        """When the last of the rounds that were sent before the mending has failed."""
        if self._fault is Fault.SLOW:
            return 0.0
        return max(self._first[p.name] - p.down_interval + p.timeout for p in probes)

    def _cleared(self, rule: Rule) -> float:
        """The first good round at which the fail condition does not hold."""
        probes = self._watch.concerned(rule)
        return max(self._clears(rule.fail), min(self._first[p.name] for p in probes))

    def _clears(self, condition: Condition) -> float:
        match condition:
            case AnyOf():
                return max(self._clears(part) for part in condition.conditions)
            case AllOf():
                return min(self._clears(part) for part in condition.conditions)
            case ConsecutiveFailures():
                return 0.0 if self._fault is Fault.SLOW else self._first[condition.probe]
            case Beyond():
                return self._window(condition, in_failed=True)
            case CarrierDown():
                return 0.0
            case ConsecutiveSuccesses() | Within() | CarrierUp():
                raise TypeError(f"not a fail condition: {condition}")
            case _:
                assert_never(condition)

    def _recovers(self, condition: Condition) -> float:
        return self._leaf_recovers(condition) + condition.for_seconds

    def _leaf_recovers(self, condition: Condition) -> float:
        match condition:
            case AnyOf():
                return min(self._recovers(part) for part in condition.conditions)
            case AllOf():
                return max(self._recovers(part) for part in condition.conditions)
            case ConsecutiveSuccesses():
                return self._successes(condition)
            case Within():
                return self._window(condition, in_failed=False)
            case CarrierUp():
                return 0.0
            case ConsecutiveFailures() | Beyond() | CarrierDown():
                raise TypeError(f"not a recover condition: {condition}")
            case _:
                assert_never(condition)

    def _successes(self, leaf: ConsecutiveSuccesses) -> float:
        if self._fault is Fault.SLOW:
            return 0.0
        probe = self._watch.probe(leaf.probe)
        first = self._first[probe.name]
        last_slow = max(first, self._last(probe, self._usable))
        slow = 1 + _up(last_slow - first, probe.down_interval)
        if leaf.successes <= slow:
            return first + (leaf.successes - 1) * probe.down_interval
        resumed = self._next(probe, last_slow, later=True)
        return resumed + (leaf.successes - slow - 1) * probe.interval

    def _window(self, leaf: Beyond | Within, in_failed: bool) -> float:
        """When a window is no longer beyond its limit (`in_failed`: rounds go at the down interval
        until then), or within it.

        With D for the down interval and u for the time since the first good round, c rounds of
        weight D are still in the window of length W, c = ceil((W - u) / D) - 1. Their share is
        c x D of c x D + D + u.
        """
        probe = self._watch.probe(leaf.probe)
        first = self._first[probe.name]
        lost = leaf.measure is Measure.LOSS
        if lost is (self._fault is Fault.SLOW):
            return 0.0 if lost else first
        share = leaf.limit if lost else leaf.limit / probe.timeout
        if self._typical and not lost:
            share = max(share, HALF)
        over, down = round(leaf.over * 1e6), round(probe.down_interval * 1e6)

        def over_it(at: float) -> bool:
            since = round((at - first) * 1e6)
            inside = max(0, -((since - over) // down) - 1) * down
            if in_failed and lost and inside > share * over:
                return True
            beyond = share * (inside + down + since)
            return inside > beyond if lost else inside > 0 and inside >= beyond

        most = min(-(-over // down) - 1, int(share * (over + down) / down) + 1) if share else 0
        for inside in range(most, -1, -1):
            # The earliest time at which so few are inside, and not too many.
            enough = ceil(inside * down * (1 - share) / share) - down if inside else 0
            since = max(0, over - (inside + 1) * down, enough)
            if inside and since >= over - inside * down:
                continue  # Fewer are inside by then.
            at = first + since / 1e6
            at = self._next_down(probe, at) if in_failed else self._next(probe, at)
            if not over_it(at):
                return at
        raise AssertionError("an empty window is within every limit")

    # When rounds are sent.

    def _next_down(self, probe: Probe, at: float) -> float:
        """The first good round of a probe at `at` or later, while the uplink is failed."""
        first = self._first[probe.name]
        return first + max(0, _up(at - first, probe.down_interval)) * probe.down_interval

    def _last(self, probe: Probe, at: float) -> float:
        """The last good round at `at` or before, while the uplink is failed."""
        following = self._next_down(probe, at)
        return following if following <= at else max(0.0, following - probe.down_interval)

    def _next(self, probe: Probe, at: float, *, later: bool = False) -> float:
        """The first good round of a probe at `at` or later (or not at `at` itself)."""
        nudge = 1e-6 if later else 0.0
        last_slow = self._last(probe, self._usable)
        if last_slow < self._first[probe.name]:
            last_slow = self._first[probe.name] - probe.down_interval
        if at + nudge <= last_slow:
            return self._next_down(probe, at + nudge)
        resumed = max(self._usable, last_slow + probe.interval)
        return resumed + max(0, _up(at + nudge - resumed, probe.interval)) * probe.interval


def _up(span: float, step: float) -> int:
    """How many steps cover a span, to the microsecond."""
    return ceil(round(span * 1e6) / round(step * 1e6))
