"""What conditions say of a written history: everything computed from all that happened.

It knows nothing of clocks, counters or windows that slide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from itertools import pairwise
from math import inf

from hypothesis import strategies as st

from route_switcher.core.health.rule_health import RuleHealth
from route_switcher.core.health.shared_windows import NewWindows, SharedWindows
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
    leaves,
)
from route_switcher.core.vocabulary.events import Answers, LinkState, Round
from route_switcher.core.vocabulary.outputs import RuleChange
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from support.pinging import pinging, target

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
LOSS, LATENCY, JITTER = Measure.LOSS, Measure.LATENCY, Measure.JITTER
TARGET = target("203.0.113.1")
UPLINK = Uplink("fibre", "eth0", ip_address("198.51.100.1"), 10, Family.IPV4)
UP, DOWN = LinkState("eth0"), LinkState("eth0", carrier=False)
A = pinging("a", TARGET)
B = replace(A, name="b")
GAP = 3.0


@dataclass(frozen=True)
class Told:
    """One thing that happened: a round of a probe, or news of the carrier."""

    at: float
    probe: str = ""
    rtt: float | None = None
    carrier: bool = True


Spans = list[tuple[float, float]]
"""Stretches of time, from the first moment up to the last (which is out), in order."""


@dataclass
class History:
    """All that happened, and when time was to be counted again."""

    told: list[Told] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)

    def spans(self, condition: Condition) -> Spans:
        """When a condition held, from the beginning to for ever."""
        if isinstance(condition, AnyOf):
            found = merged(span for part in condition.conditions for span in self.spans(part))
        elif isinstance(condition, AllOf):
            first, *others = (self.spans(part) for part in condition.conditions)
            for other in others:
                first = [
                    (max(a, c), min(b, d))
                    for a, b in first
                    for c, d in other
                    if max(a, c) < min(b, d)
                ]
            found = merged(first)
        else:
            found = self.leaf(condition)
        return self.late(found, condition) if condition.for_seconds else found

    def late(self, spans: Spans, condition: Condition) -> Spans:
        """What is left of spans when each has to last for a time first.

        A restart is a gap of rounds: for what is known of the carrier alone it means nothing.
        """
        held = condition.for_seconds
        by_rounds = any(not isinstance(x, CarrierDown | CarrierUp) for x in leaves(condition))
        restarts = [r for r in self.restarts if by_rounds or r == 0.0]
        pieces: Spans = []
        for begin, end in spans:
            cuts = [begin, *(r for r in restarts if begin < r < end), end]
            pieces += pairwise(cuts)
        return merged((begin + held, end) for begin, end in pieces if begin + held < end)

    def leaf(self, condition: Condition) -> Spans:
        times = [told.at for told in self.told]
        segments = zip([-inf, *times], [*times, inf], range(len(times) + 1), strict=True)
        return merged(
            (begin, end)
            for begin, end, known in segments
            if begin < end and leaf_holds(condition, self.told[:known])
        )


def merged(spans: Iterable[tuple[float, float]]) -> Spans:
    result: Spans = []
    for begin, end in sorted(spans):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def leaf_holds(condition: Condition, told: Sequence[Told]) -> bool:
    match condition:
        case CarrierDown() | CarrierUp():
            carriers = [t.carrier for t in told if not t.probe]
            return (not carriers or carriers[-1]) is isinstance(condition, CarrierUp)
        case ConsecutiveFailures():
            return run_of(condition.probe, False, told) >= condition.failures
        case ConsecutiveSuccesses():
            return run_of(condition.probe, True, told) >= condition.successes
        case Beyond() | Within():
            seen = [(t.at, t.rtt) for t in told if t.probe == condition.probe]
            return window_holds(condition, seen)
        case _:
            raise AssertionError(condition)


def run_of(probe: str, good: bool, told: Sequence[Told]) -> int:
    run = 0
    for t in told:
        if t.probe == probe:
            run = run + 1 if (t.rtt is not None) is good else 0
    return run


def window_holds(condition: Beyond | Within, seen: Sequence[tuple[float, float | None]]) -> bool:
    """Times are multiples of 1/8 s: sums of them are exact."""
    begin = len(seen) - 1
    while begin > 0 and seen[begin][0] - seen[begin - 1][0] <= GAP:
        begin -= 1
    stretch = seen[max(begin, 0) :]
    if not stretch:
        return False
    now, over = stretch[-1][0], condition.over
    full = now - stretch[0][0] >= over
    weighted: list[tuple[float, float | None, float | None]] = []
    last: float | None = None
    for before, (at, rtt) in zip([None, *stretch], stretch, strict=False):
        step = None
        if rtt is not None:
            step, last = (None if last is None else abs(rtt - last)), rtt
        if at > now - over:
            weighted.append((at - before[0] if before else 0.0, rtt, step))
    if condition.measure is LOSS:
        amounts = [(weight, float(rtt is None)) for weight, rtt, _ in weighted]
    elif condition.measure is LATENCY:
        amounts = [(weight, rtt) for weight, rtt, _ in weighted if rtt is not None]
    else:
        amounts = [(weight, step) for weight, _, step in weighted if step is not None]
    total = sum(weight for weight, _ in amounts)
    if not total:
        return False  # nothing is known
    lost = sum(weight * amount for weight, amount in amounts)
    value = lost / total
    if isinstance(condition, Within):
        return full and value <= condition.limit
    if condition.measure is LOSS and not full:
        return lost > condition.limit * over
    return full and value > condition.limit


probes = st.sampled_from(["a", "b"])
helds = st.sampled_from([0.0, 0.0, 0.5, 2.0, 5.0])
counts = st.integers(1, 4)
# What no sum of eighths comes to, so that neither side has to round.
limits = st.sampled_from([0.0301, 0.2017, 0.4003, 0.7001])
overs = st.sampled_from([2.0, 4.0, 6.5])
measures = st.sampled_from(Measure)
fail_leaves = st.one_of(
    st.builds(ConsecutiveFailures, probes, counts, helds),
    st.builds(Beyond, measures, probes, limits, overs, helds),
    st.builds(CarrierDown, helds),
)
recover_leaves = st.one_of(
    st.builds(ConsecutiveSuccesses, probes, counts, helds),
    st.builds(Within, measures, probes, limits, overs, helds),
    st.builds(CarrierUp, helds),
)


def trees(leaf: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    def groups(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        some = st.lists(parts, min_size=1, max_size=3).map(tuple)
        return st.one_of(st.builds(AnyOf, some, helds), st.builds(AllOf, some, helds))

    return st.recursive(leaf, groups, max_leaves=6)


class LoneRule(RuleHealth):
    """The only rule of its uplink, with windows that nobody else looks at."""

    def on_round(self, event: Round) -> list[RuleChange]:
        if event.outcome is not UNKNOWN:
            self.catch_up(event.at)
            SharedWindows([self.measurements]).on_round(event)
        return super().on_round(event)

    def on_answers(self, event: Answers) -> None:
        SharedWindows([self.measurements]).on_answers(event)


def new_windows(*probes: Probe) -> NewWindows:
    return NewWindows(UPLINK.family, probes, {p.name: set() for p in probes})


def rule_health(
    rule: Rule, *probes: Probe, state: RuleState = RuleState.OK, link: LinkState = UP
) -> LoneRule:
    its = probes or (A, B)
    return LoneRule(UPLINK, rule, its, link, new_windows(*its), state)


def let_time_pass(health: RuleHealth, until: float) -> None:
    """Call `on_time` whenever it is asked for."""
    for _ in range(100):
        due = health.deadline()
        if due > until:
            return
        health.on_time(due)
        assert health.deadline() > due, "it spins"
    raise AssertionError("a hundred deadlines in a moment")
