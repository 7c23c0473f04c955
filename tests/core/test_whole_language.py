"""What must hold whatever a policy says: any conditions, speeds, quorums, and any holding back."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.vocabulary.events import Event, Round, Tick
from route_switcher.core.vocabulary.orders import Release
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.policy import FailBack, HoldBack, Policy
from route_switcher.core.vocabulary.states import (
    VOLUNTARY,
    Cause,
    RoundOutcome,
    RuleState,
    UplinkState,
)
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from support.keys import v4
from support.leaving import check_no_lost_link_is_kept, refuge
from support.twins import LINES, NAMES, Twin, hold_backs, policies

HEALTHY, FAILED = UplinkState.HEALTHY, UplinkState.FAILED
FREE = (Cause.OPERATOR, Cause.REFUSED, Cause.REMOVED, Cause.RESTART, Cause.START)
SETTLING = 50.0
"""Seconds in which everything recovers: the conditions ask for half of it at most."""


@dataclass
class Flaps:
    """RFC 2439 for one uplink, computed from the times of its failures."""

    hold_back: HoldBack
    times: list[float]

    def damped(self, at: float) -> bool:
        damping = self.hold_back.damping
        if damping is None:
            return False
        value, since, damped = 0.0, 0.0, False
        ceiling = damping.reuse * 2 ** (damping.max_hold / damping.half_life)

        def decayed(to: float) -> float:
            return float(value * 2 ** (-(to - since) / damping.half_life))

        for time in self.times:
            damped = damped and decayed(time) > damping.reuse
            value, since = min(decayed(time) + 1, ceiling), time
            damped = damped or value > damping.suppress
        return damped and decayed(at) > damping.reuse * (1 + 1e-9)


class Judged(Twin):
    """A world that holds every decision against what was told before it."""

    def __init__(self, rules: Policy) -> None:
        self.rounds: dict[tuple[UplinkId, str], Round] = {}
        """The latest known ones."""
        self.moves_made: list[Decision] = []
        self.failures: dict[str, list[float]] = {name: [] for name in NAMES}
        self.states: dict[str, dict[str, RuleState]] = {name: {} for name in NAMES}
        super().__init__(rules)
        engine = self.world.engine
        handle = engine.handle

        def watched(event: Event) -> tuple[Output, ...]:
            if isinstance(event, Round) and event.outcome is not RoundOutcome.UNKNOWN:
                self.rounds[event.uplink, event.probe] = event
            outputs = handle(event)
            for output in outputs:
                self.on_output(output)
            self.check(event)
            return outputs

        engine.handle = watched  # type: ignore[method-assign]

    def on_output(self, output: Output) -> None:
        """Check one output; those of one event come in the order in which they were made."""
        match output:
            case RuleChange():
                its = self.states[output.uplink.name]
                before = FAILED if RuleState.FAILED in its.values() else HEALTHY
                its[output.rule] = output.after
                if output.after is RuleState.FAILED and before is not FAILED:
                    self.failures[output.uplink.name].append(output.at)
            case Decision() if output.previous is not None:
                self.judge(output)
                self.moves_made.append(output)

    def judge(self, move: Decision) -> None:
        """Whether a move was allowed."""
        if move.cause in FREE or move.previous is None:
            return
        engine, hold_back = self.world.engine, self.world.policy.hold_back
        status = engine.status(move.at)
        before = status.health(v4(move.previous))
        left, taken = before.state, status.health(v4(move.selected)).state
        if before.link_lost:
            assert move.selected == refuge(engine, move.family, move.previous, move.at)
            return
        if taken is FAILED:
            assert before.silent, "a failed one is better than a silent one"
        if left in (HEALTHY, UplinkState.UNKNOWN):
            assert taken is HEALTHY, "a healthy uplink was left for one that is not"
        probes = self.world.policy.probes_through(move.selected)
        latest = [self.rounds[v4(move.selected), its.name] for its in probes]
        # Without suspect targets, a round that failed may be a good one.
        assert any(a.rtt is not None for told in latest for a in told.answers)
        good = [told for told in latest if told.outcome is RoundOutcome.GOOD]
        assert move.since is None or any(told.sent_at >= move.since for told in good)
        if move.cause in (Cause.FAILOVER, Cause.FIRST_ANSWER):
            assert left is FAILED
            assert move.rules
            assert move.since is not None
            assert move.since <= move.at
        if move.cause in VOLUNTARY:
            assert left is not FAILED
            if self.moves_made and hold_back.min_stay:
                assert move.at >= self.moves_made[-1].at + hold_back.min_stay
            if hold_back.switches_per_hour is not None:
                lately = [m for m in self.moves_made if m.at > move.at - 3600]
                assert len(lately) < hold_back.switches_per_hour
        if move.cause is Cause.PREFERENCE and self.damped(move.selected, move.at):
            assert self.damped(move.previous, move.at)
        if move.cause is Cause.STEADIER:
            assert self.damped(move.previous, move.at - 1e-6)

    def damped(self, name: str, at: float) -> bool:
        """Whether an uplink flaps, by the failures that were told."""
        return Flaps(self.world.policy.hold_back, self.failures[name]).damped(at)

    def check(self, event: Event) -> None:
        """Nothing may hold traffic on a failed uplink while another answers."""
        active = self.active()
        engine = self.world.engine
        if isinstance(event, Tick):
            assert engine.deadline() > event.at, "it would be woken for ever"
        check_no_lost_link_is_kept(engine, event.at)
        if active is None:
            return
        healths = engine._families[Family.IPV4].healths
        failed = next(health for health in healths if health.uplink.name == active)
        if failed.state is not FAILED:
            return
        since = failed.failing_since
        for other in healths:
            better = other.state in (HEALTHY, UplinkState.RECOVERING)
            if other.uplink.name != active and (better or failed.silent(event.at)):
                up = other.link.connected and other.routable
                waited_for = other.why_not(event.at, since)
                assert not up or waited_for, "it answers, and is not used"


steps = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.125, 1.0, 2.5, 7.0, 12.0]),
        st.sampled_from(
            (
                *("cut", "cut", "cut", "mend", "mend", "slow", "unasked", "dead", "unplug"),
                *("plug", "plug", "reload", "heal"),
            )
        ),
        st.sampled_from(NAMES),
    ),
    max_size=16,
)


@settings(max_examples=60, deadline=None)
@given(policies, steps)
def test_every_move_is_sound_and_all_ends_well(
    rules: Policy, steps: list[tuple[float, str, str]]
) -> None:
    net = Judged(rules)
    known = {line.name for line in rules.uplinks}
    for pause, what, name in steps:
        if name in known:
            net.do(what, name, rules, rules)
            net.run(net.now + pause)
    net.do("heal", "a", rules, rules)
    before = len(net.moves_made)
    damping = rules.hold_back.damping
    net.run(net.now + SETTLING + (damping.max_hold if damping else 0.0))
    assert {net.state(name) for name in known} == {HEALTHY}
    if rules.hold_back.fail_back is FailBack.MANUAL:
        net.world.submit(Release(net.now, net.active() or ""))
    after = net.moves_made[before:]
    spent = rules.hold_back.switches_per_hour
    lately = len(net.moves_made)
    if spent is None or lately < spent:
        # The recover condition holds, and nothing holds it back: fail-back, once.
        assert net.active() == rules.uplinks[0].name
    assert [m.cause for m in after].count(Cause.PREFERENCE) <= len(known) - 1
    settled = len(net.outputs)
    net.run(net.now + 30)
    assert net.outputs[settled:] == []


@settings(max_examples=30, deadline=None)
@given(policies, hold_backs, steps)
def test_no_reload_of_what_holds_back_ever_keeps_traffic_on_a_failed_uplink(
    rules: Policy, hold_back: HoldBack, steps: list[tuple[float, str, str]]
) -> None:
    other = replace(rules, hold_back=hold_back)
    net = Judged(rules)
    damping = rules.hold_back.damping
    known = {line.name for line in rules.uplinks}
    for number, (pause, what, name) in enumerate(steps):
        if name in known:
            net.do("other" if what == "reload" and number % 2 else what, name, rules, other)
            if net.world.policy.hold_back.damping != damping:
                damping = net.world.policy.hold_back.damping
                net.failures = {each: [] for each in NAMES}
            net.run(net.now + pause)


@settings(max_examples=40, deadline=None)
@given(policies, st.floats(10, 20, allow_nan=False))
def test_all_lines_cut_at_one_instant_move_nothing_whatever_the_policy(
    rules: Policy, at: float
) -> None:
    net = Judged(rules).run(at)
    assert net.active() == "a"
    net.cut(*NAMES)
    net.run(at + 25)
    assert net.moves() == []


@settings(max_examples=30, deadline=None)
@given(policies)
def test_where_nothing_happens_nothing_is_said(rules: Policy) -> None:
    net = Judged(rules).run(20)
    told = len(net.outputs)
    net.run(110)
    assert net.outputs[told:] == []
    assert net.active(Family.IPV4) == LINES[0].name
