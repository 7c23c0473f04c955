"""The world around an engine: what is sent when, what it comes to, and when the engine hears."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.probing.followed_rounds import LISTEN_EVERY
from route_switcher.core.vocabulary.conditions import Beyond, ConsecutiveFailures, Measure
from route_switcher.core.vocabulary.events import (
    Answer,
    Answers,
    Event,
    LinkState,
    Reload,
    Round,
    Routes,
    Start,
    Tick,
)
from route_switcher.core.vocabulary.outputs import Decision, Notice, Output
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause, RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.schedule import on_grid
from route_switcher.virtual.table import Table
from route_switcher.virtual.world import World
from support.keys import v4
from support.pinging import pinging, target
from support.world import policy, uplink

A, B, C = (target(f"203.0.113.{n}") for n in (1, 2, 3))
FATES = Callable[[str, Target, float], Fate]


class Heard:
    """A world of which everything that the engine is told, and says, is kept."""

    def __init__(
        self,
        rules: Policy,
        fates: FATES = lambda *_: 0.02,
        *,
        table: Table | None = None,
        links: tuple[LinkState, ...] = (),
        start: float = 0.0,
    ) -> None:
        self.fates = fates
        self.asked: list[tuple[float, str, str]] = []
        self.events: list[Event] = []
        self.outputs: list[Output] = []
        self.world = World(
            rules,
            self,
            self.outputs.append,
            table=table,
            links=links,
            start=start,
            overhear=self.events.append,
        )

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        """See `virtual.internet.Internet`."""
        self.asked.append((round(sent_at, 5), uplink.name, probe))
        return self.fates(uplink.name, target, sent_at)

    def sent(self, name: str) -> list[float]:
        """When rounds were sent through an uplink."""
        return list(dict.fromkeys(at for at, uplink, _ in self.asked if uplink == name))

    def rounds(self, name: str) -> list[Round]:
        """Every round through an uplink that was told."""
        return [e for e in self.events if isinstance(e, Round) and e.uplink.name == name]

    def decisions(self) -> list[tuple[float, str | None, str, Cause]]:
        """Every decision, its time to the millisecond."""
        made = [o for o in self.outputs if isinstance(o, Decision)]
        return [(round(d.at, 3), d.previous, d.selected, d.cause) for d in made]


def one(targets: tuple[Target, ...] = (A,), *, windows: bool = False, **keys: object) -> Policy:
    """A policy of one uplink. With `windows`, a rule looks at what every target answers."""
    probe = pinging("internet", *targets, timeout=0.5)
    rules = [Rule("no-internet", ConsecutiveFailures("internet", 3), Recover(60.0))]
    if windows:
        rules.append(Rule("lossy", Beyond(Measure.LOSS, "internet", 0.9, 60.0), Recover(60.0)))
    return Policy(
        (uplink("primary", 0),),
        (replace(probe, **keys),),  # type: ignore[arg-type]
        tuple(rules),
        ignore_linkdown=False,
    )


def test_the_uplinks_are_spread_over_the_interval_and_keep_it() -> None:
    heard = Heard(policy(interval=0.1, timeout=0.1))
    heard.world.run(1000)
    assert heard.sent("primary") == [round(n / 10, 5) for n in range(10001)]
    assert heard.sent("secondary") == [round(n / 10 + 0.05, 5) for n in range(10000)]


def test_running_includes_its_end_and_running_before_does_not() -> None:
    heard = Heard(one())
    heard.world.run_before(2.0)
    assert heard.sent("primary") == [0, 1]
    assert heard.world.now == 2.0
    heard.world.run(2.0)
    assert heard.sent("primary") == [0, 1, 2]
    heard.world.run(1.0)
    assert heard.world.now == 2.0, "time does not go back"


def test_a_good_round_is_told_with_its_answer_and_a_lost_one_after_the_timeout() -> None:
    heard = Heard(one(), lambda _, __, at: 0.25 if at < 1 else None)
    heard.world.run(2)
    good, failed = heard.rounds("primary")[:2]
    assert (good.at, good.sent_at, good.outcome) == (0.25, 0.0, RoundOutcome.GOOD)
    assert good.answers == (Answer(A, 0.25),)
    assert (failed.at, failed.sent_at, failed.outcome) == (1.5, 1.0, RoundOutcome.FAILED)
    assert failed.reason == "no answer within 0.5 s"


def test_an_answer_after_the_timeout_is_late() -> None:
    heard = Heard(one(windows=True), lambda _, __, at: 0.75 if at == 0 else 0.02)
    heard.world.run(0.9)
    assert [r.outcome for r in heard.rounds("primary")] == [RoundOutcome.FAILED]
    late = [e for e in heard.events if isinstance(e, Answers)]
    assert late == [Answers(0.75, v4("primary"), "internet", 0.0, (Answer(A, 0.75),))]


def test_what_a_round_did_not_wait_for_is_told_once_all_of_it_is_known() -> None:
    fates: dict[Target, Fate] = {A: 0.125, B: 0.25, C: None}
    heard = Heard(one((A, B, C), windows=True), lambda _, target, __: fates[target])
    heard.world.run(0.6)
    told = heard.rounds("primary")[0]
    assert (told.at, told.outcome) == (0.125, RoundOutcome.GOOD)
    assert [a.pending for a in told.answers] == [False, True, True]
    (rest,) = (e for e in heard.events if isinstance(e, Answers))
    assert (rest.at, rest.sent_at) == (0.5, 0.0)
    assert [(a.target, a.rtt) for a in rest.answers] == [(B, 0.25), (C, None)]
    assert not any(a.pending for a in rest.answers)


def test_more_is_told_of_a_round_now_and_then_where_no_rule_looks_at_a_window() -> None:
    heard = Heard(one((A, B)), lambda _, target, __: 0.02 if target == A else None)
    heard.world.run(25)
    told = [
        e.sent_at for e in heard.events if isinstance(e, Answers) and e.uplink.name == "primary"
    ]
    assert told == [0, LISTEN_EVERY, 2 * LISTEN_EVERY]


@pytest.mark.parametrize(
    ("quorum", "fates", "ends", "outcome"),
    [
        ("any", (None, 0.25, 0.125), 0.125, RoundOutcome.GOOD),
        (2, (None, 0.25, 0.125), 0.25, RoundOutcome.GOOD),
        ("all", (0.375, 0.25, 0.125), 0.375, RoundOutcome.GOOD),
        ("all", (None, 0.25, 0.125), 0.5, RoundOutcome.FAILED),
        ("all", ("queue full", 0.25, 0.125), 0.25, RoundOutcome.UNKNOWN),
        ("all", ("queue full", None, 0.125), 0.5, RoundOutcome.FAILED),
        ("any", ("queue full", "queue full", "queue full"), 0.0, RoundOutcome.UNKNOWN),
        ("any", ("queue full", "queue full", None), 0.5, RoundOutcome.FAILED),
        (2, ("queue full", "queue full", 0.25), 0.25, RoundOutcome.UNKNOWN),
    ],
)
def test_a_round_ends_as_soon_as_its_outcome_is_certain(
    quorum: str | int, fates: tuple[Fate, ...], ends: float, outcome: RoundOutcome
) -> None:
    by_target = dict(zip((A, B, C), fates, strict=True))
    heard = Heard(one((A, B, C), quorum=quorum), lambda _, target, __: by_target[target])
    heard.world.run(0.9)
    (told,) = heard.rounds("primary")
    assert (told.at, told.outcome) == (ends, outcome)


def primary_lost(since: float, until: float = 1e9) -> FATES:
    """Nothing answers through the primary uplink for a time."""
    return lambda name, _, at: None if name == "primary" and since <= at < until else 0.02


def test_failures_are_confirmed_at_the_fast_interval() -> None:
    rules = policy(timeout=0.5, fast=0.5)
    heard = Heard(rules, primary_lost(10, 20))
    heard.world.run(13)
    assert heard.sent("primary")[10:] == [10, 10.5, 11, 12, 13]


def test_the_speed_follows_the_state() -> None:
    rules = policy(timeout=0.5)
    slow = replace(rules.probes[0], down_interval=4.0, standby_interval=10.0)
    heard = Heard(replace(rules, probes=(slow,)), primary_lost(20))
    heard.world.run(40)
    # Standing by from the first good round on, until the active uplink fails at 22.5; then what
    # waits for the slow interval is sent at once.
    assert heard.sent("secondary") == [0.5, 10.5, 20.5, *(22.5 + n for n in range(18))]
    assert heard.sent("primary")[20:] == [20, 21, 22, 26, 30, 34, 38]
    assert heard.decisions()[-1] == (22.5, "primary", "secondary", Cause.FAILOVER)


def test_when_the_active_one_loses_its_carrier_the_one_that_it_is_left_for_is_asked_at_once() -> (
    None
):
    heard = Heard(policy(interval=10.0))
    heard.world.run(26)
    heard.world.set_links(LinkState("eth0", carrier=False))
    heard.world.run(27)
    assert heard.sent("secondary")[-1] == 26
    assert heard.decisions()[-1] == (26.0, "primary", "secondary", Cause.FAILOVER)
    heard.world.run(40)
    assert heard.sent("secondary")[-1] == 36, "the schedule starts again with it"


def test_answers_under_way_are_lost_with_the_carrier() -> None:
    heard = Heard(one((A, B), windows=True), lambda _, target, __: 0.25 if target == A else 0.375)
    heard.world.run(0.125)
    heard.world.set_links(LinkState("eth0", carrier=False))
    heard.world.run(0.9)
    (told,) = heard.rounds("primary")
    assert (told.at, told.outcome, told.reason) == (0.5, RoundOutcome.FAILED, "eth0 has no carrier")
    heard.world.set_links(LinkState("eth0"))
    # It is asked at once, and A has answered.
    heard.world.run(1.2)
    heard.world.lose(v4("primary"))
    heard.world.run(1.9)
    rest = [e for e in heard.events if isinstance(e, Answers)][-1]
    assert [(a.target, a.rtt) for a in rest.answers] == [(B, None)]


@pytest.mark.parametrize(
    ("link", "reason", "after"),
    [
        (LinkState("eth0", present=False, up=False, carrier=False), "interface missing", 0.0),
        (LinkState("eth0", up=False, carrier=False), "link down", 0.0),
        (LinkState("eth0", families=frozenset()), "no address", 0.0),
        (LinkState("eth0", carrier=False), "eth0 has no carrier", 0.5),
    ],
)
def test_a_round_that_cannot_be_sent_names_the_fault(
    link: LinkState, reason: str, after: float
) -> None:
    heard = Heard(one(), links=(link,))
    heard.world.run(0.9)
    (told,) = heard.rounds("primary")
    assert (told.at, told.outcome, told.reason) == (after, RoundOutcome.FAILED, reason)
    assert heard.asked == []


def test_admin_down_takes_the_routes_and_they_come_back_with_the_link() -> None:
    heard = Heard(policy())
    heard.world.run(5)
    heard.world.set_links(LinkState("eth0", up=False, carrier=False))
    assert {r.interface for r in heard.world.table} == {"eth1"}
    heard.world.run(6)
    heard.world.set_links(LinkState("eth0"))
    assert {r.interface: r.metric for r in heard.world.table} == {"eth0": 1010, "eth1": 20}


def test_a_foreign_route_holds_its_key() -> None:
    foreign = Route(Family.IPV4, "eth9", None, 1010, protocol=16)
    heard = Heard(policy(), table=Table([foreign]))
    heard.world.run(0)
    assert foreign in heard.world.table
    assert {(r.interface, r.metric) for r in heard.world.table if r.ours} == {
        ("eth0", 2010),
        ("eth1", 1020),
    }
    (notice,) = (o for o in heard.outputs if isinstance(o, Notice) and "refused" in o.text)
    assert "held by a foreign route" in notice.text


def test_a_restart_keeps_routes_and_moves_nothing() -> None:
    heard = Heard(policy(), lambda name, _, __: None if name == "primary" else 0.02)
    heard.world.run(10)
    before = heard.world.table.routes
    heard.world.restart()
    assert heard.world.table.routes == before
    assert heard.decisions()[-1] == (10, None, "secondary", Cause.RESTART)
    assert sum(isinstance(e, Start) for e in heard.events) == 2
    heard.world.run(11)
    assert heard.sent("primary")[-2:] == [10, 11], "the schedule begins again"


def test_a_reload_leaves_rounds_alone_that_it_does_not_change() -> None:
    before = policy(interval=2.0)
    fast = replace(policy().probes[0], name="fast", uplinks=("secondary",))
    rules = replace(before, probes=(*before.probes, fast))
    heard = Heard(before)
    heard.world.run(4.25)
    heard.world.reload(rules)
    heard.world.run(8)
    assert heard.sent("primary") == [0, 2, 4, 6, 8]
    assert heard.sent("secondary") == [1, 3, 4.75, 5.25, 5.75, 6.75, 7.25, 7.75]
    assert sum(isinstance(e, Reload) for e in heard.events) == 1


def test_what_was_under_way_through_a_removed_uplink_is_forgotten() -> None:
    heard = Heard(policy(timeout=1.0), lambda *_: None)
    heard.world.run(3.75)
    told = len(heard.rounds("secondary"))
    heard.world.reload(policy(uplink("primary", 0)))
    heard.world.run(10)
    assert len(heard.rounds("secondary")) == told


def test_the_engine_is_woken_at_its_deadline() -> None:
    rules = policy()
    held = Rule("held", ConsecutiveFailures("internet", 1, for_seconds=4.25), Recover(60.0))
    heard = Heard(replace(rules, rules=(held,)), primary_lost(10))
    heard.world.run(20)
    # The first failed round ends at 11.
    assert 15.25 in [e.at for e in heard.events if isinstance(e, Tick)]
    assert heard.decisions()[-1] == (15.25, "primary", "secondary", Cause.FAILOVER)


def test_a_leap_shifts_all_that_is_due() -> None:
    heard = Heard(policy())
    heard.world.run(100.25)
    assert heard.world.engine.at_rest(heard.world.now)
    heard.world.fast_forward(1000.0, {u.id for u in heard.world.policy.uplinks})
    assert heard.world.now == 1100.25
    heard.world.run(1102)
    assert heard.sent("primary")[-3:] == [100, 1101, 1102]
    assert heard.sent("secondary")[-3:] == [99.5, 1100.5, 1101.5]
    assert not [o for o in heard.outputs if isinstance(o, Notice)], "nothing was missed"


cuts = st.lists(
    st.tuples(
        st.floats(0, 60).map(lambda at: round(at, 3)),
        st.floats(0.5, 30).map(lambda lasts: round(lasts, 3)),
        st.sampled_from(["primary", "secondary"]),
    ),
    max_size=5,
)


def earlier(output: Output, by: float) -> Output:
    """What would have been said so many seconds before."""
    if isinstance(output, Decision) and output.since is not None:
        return replace(output, at=output.at - by, since=output.since - by)
    return replace(output, at=output.at - by)


@settings(max_examples=60, deadline=None)
@given(cuts, st.integers(1, 3_000_000), st.sampled_from([1.0, 0.3, 0.1]))
def test_the_time_of_day_decides_nothing(
    cuts: list[tuple[float, float, str]], start: int, interval: float
) -> None:
    """The same course of events, some days later: the same decisions, later by exactly as much."""
    # Very frequent rounds need not go on for as long.
    pace = min(1.0, 3 * interval)
    troubles = [(round(at * pace, 3), lasts * pace, who) for at, lasts, who in cuts]

    def course(start: float) -> list[Output]:
        def fate(name: str, _: Target, sent_at: float) -> Fate:
            at = sent_at - start
            lost = any(who == name and cut <= at < cut + lasts for cut, lasts, who in troubles)
            return None if lost else 0.02

        rules = policy(interval=interval, timeout=interval, stable=12 * pace)
        heard = Heard(rules, fate, start=start)
        heard.world.run(start + 120 * pace)
        return [earlier(output, start) for output in heard.outputs]

    assert course(0.0) == course(float(start))


def test_times_are_told_on_a_grid_that_floats_hold_exactly() -> None:
    heard = Heard(policy(interval=0.1, timeout=0.1))
    heard.world.run(500)
    times = [e.at for e in heard.events]
    assert all(at * 2**20 == int(at * 2**20) for at in times)
    assert times == sorted(times)
    assert on_grid(100_000_000) == pytest.approx(0.1, abs=1e-6)
    assert sum(isinstance(e, Routes) for e in heard.events) < 10, "the table is told on change"


def test_deadlines_at_instants_at_which_something_else_happens_are_no_spinning() -> None:
    heard = Heard(policy(timeout=0.5), lambda name, *_: 0.02 if name == "primary" else None)
    heard.world = World(
        policy(timeout=0.5), heard, heard.outputs.append, spread=lambda number, of: 0.0
    ).run(10.0)
    # None answers now: the engine wakes every second, as often as rounds are sent.
    heard.world.set_links(LinkState("eth0", carrier=False))
    heard.world.run(1200.0)
