"""Which hooks are due when, one run at a time, and none that is lost."""

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.after_switch.confirmation import LIMIT
from route_switcher.core.after_switch.hook_queue import PAUSE
from route_switcher.core.after_switch.moments import in_order
from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import (
    Event,
    LastDelivered,
    LinkState,
    Routes,
    Start,
    Ways,
)
from route_switcher.core.vocabulary.hooks import Delivered, Hook, HookKind
from route_switcher.core.vocabulary.lookups import Lookup, Refused
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Placement
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.core.vocabulary.ways import Findings
from support.hooked import HOOKS, ON_SWITCH, HookedWorld, hooked
from support.world import policy, uplink

SWITCH = HookKind.ON_SWITCH


def test_a_failover_and_the_way_back_are_told_of() -> None:
    world = HookedWorld(hooked()).run(10)
    world.outage("a", 30)
    world.run(200)
    assert world.told() == [
        "on_switch ->a",
        "on_uplink_down a",
        "on_switch a>b",
        "on_uplink_up a",
        "on_switch b>a",
    ]
    causes = [run.moment.cause for run in world.runs if run.hook.kind is SWITCH]
    assert causes == [Cause.START, Cause.FAILOVER, Cause.PREFERENCE]
    failover = world.runs[2].moment
    assert failover.rules == ("no-internet",)
    assert failover.outage == pytest.approx(3, abs=1)
    back = next(run.moment for run in world.runs if run.hook.kind is HookKind.ON_UPLINK_UP)
    assert back.since == world.runs[1].moment.since
    assert back.outage == pytest.approx(20 + 60, abs=3)


def test_the_trouble_of_a_standby_runs_no_hook_of_a_switch() -> None:
    world = HookedWorld(hooked()).run(10)
    world.outage("b", 30)
    world.run(200)
    assert world.told()[1:] == ["on_uplink_down b", "on_uplink_up b"]


def test_when_all_are_down_and_one_answers_again() -> None:
    world = HookedWorld(hooked()).run(10)
    world.cut("a", "b")
    world.run(30)
    assert world.told()[1:] == ["on_uplink_down a", "on_uplink_down b", "on_all_down"]
    world.mend("b")
    world.run(40)
    assert world.told()[4:] == ["on_all_up", "on_switch a>b"]
    down, up = (r.moment for r in world.runs if r.moment.subject is Family.IPV4 and "all" in str(r))
    assert up.since == down.since
    assert up.outage == pytest.approx(20, abs=2)


def test_a_lost_link_of_the_only_uplink_is_all_of_them() -> None:
    world = HookedWorld(hooked(of=policy(uplink("a", 0)))).run(10)
    world.link("a", carrier=False)
    world.run(20)
    assert world.told()[1:] == ["on_uplink_down a", "on_all_down"]


def test_each_family_is_told_of_by_itself() -> None:
    both = policy(uplink("a", 0), uplink("b", 1), uplink("s", 0, version=6))
    world = HookedWorld(hooked(of=both)).run(10)
    world.link("s", carrier=False)
    world.run(20)
    all_down = [r.moment.family for r in world.runs if r.hook.kind is HookKind.ON_ALL_DOWN]
    assert all_down == [Family.IPV6]
    switches = [r.moment.family for r in world.runs if r.hook.kind is SWITCH]
    assert Counter(switches) == {Family.IPV4: 2, Family.IPV6: 1}


def test_without_hooks_nothing_is_run() -> None:
    world = HookedWorld(policy(uplink("a", 0), uplink("b", 1))).run(10)
    world.outage("a", 30)
    world.run(200)
    assert world.runs == []


# After a restart.


def test_a_restart_that_moves_nothing_runs_nothing() -> None:
    world = HookedWorld(hooked()).run(10)
    before = list(world.runs)
    world.restart()
    world.run(200)
    assert world.runs == before


def test_a_restart_at_another_uplink_than_was_told_runs_the_hook() -> None:
    world = HookedWorld(hooked(ON_SWITCH), ends=lambda run: None).run(10)
    world.end()
    world.outage("a", 30)
    world.restart()  # the engine was killed while the hook of the failover ran
    world.run(32)
    assert world.told() == ["on_switch ->a", "on_switch a>b", "on_switch ->b"]
    assert world.runs[-1].moment.cause is Cause.RESTART


def test_an_uplink_that_was_told_to_be_down_is_told_to_be_up_after_a_restart() -> None:
    world = HookedWorld(hooked()).run(10)
    world.cut("b")
    world.run(30)
    world.restart()
    world.run(60)
    assert world.told()[1:] == ["on_uplink_down b"]
    world.mend("b")
    world.run(200)
    assert world.told()[2:] == ["on_uplink_up b"]


def test_until_it_is_known_what_was_delivered_nothing_is_due() -> None:
    rules = hooked(ON_SWITCH)
    engine = Engine(rules)
    links = tuple(LinkState(u.interface) for u in rules.uplinks)
    kept = Delivered(((ON_SWITCH.run, Family.IPV4, rules.uplinks[0].interface),))
    outputs: list[Output] = []
    routes = tuple(Route(u.family, u.interface, u.written_gateway, u.metric) for u in rules.uplinks)
    outputs += engine.handle(Start(0.0, links, routes, delivered=None))
    outputs += engine.handle(Routes(1.0, routes))
    assert not any(isinstance(output, RunHook) for output in outputs)
    assert not any(
        isinstance(output, RunHook) for output in engine.handle(LastDelivered(2.0, kept))
    )
    other = Engine(rules)
    other.handle(Start(0.0, links, routes, delivered=None))
    told = other.handle(LastDelivered(2.0, Delivered()))
    assert [type(output) for output in told] == [RunHook]


# A reload.


def test_a_program_that_is_new_in_the_policy_is_told_what_is_active() -> None:
    world = HookedWorld(hooked(ON_SWITCH)).run(10)
    new = Hook(SWITCH, ("/bin/other",))
    world.reload(hooked(ON_SWITCH, new))
    world.run(20)
    assert [run.hook.run for run in world.runs] == [("/bin/it",), ("/bin/other",)]


def test_a_new_name_moves_nothing_and_runs_nothing() -> None:
    world = HookedWorld(hooked()).run(10)
    named = hooked(of=policy(uplink("fibre", 0), uplink("b", 1)))
    world.reload(named)
    world.run(20)
    world.restart()
    world.run(100)
    assert world.told() == ["on_switch ->a"]


def test_a_new_name_keeps_what_is_down() -> None:
    world = HookedWorld(hooked()).run(10)
    world.cut("b")
    world.run(20)
    world.reload(hooked(of=policy(uplink("a", 0), uplink("lte", 1))))
    world.run(30)
    assert world.told()[1:] == ["on_uplink_down b"]
    world.mend("lte")
    world.run(200)
    assert world.told()[2:] == ["on_uplink_up lte"]


def test_what_is_no_hook_any_more_is_not_run_again() -> None:
    world = HookedWorld(hooked(ON_SWITCH), ends=lambda _: "exit code 1").run(1)
    assert len(world.runs) == 1
    world.reload(hooked(HOOKS[1]))
    world.run(60)
    assert len(world.runs) == 1


# One run at a time.


def test_what_happens_while_a_hook_runs_leads_to_one_run_more() -> None:
    world = HookedWorld(hooked(ON_SWITCH), ends=lambda run: None).run(10)
    world.end()
    for _ in range(2):  # there and back, twice
        world.outage("a", world.now + 10)
        world.run(world.now + 80)
    assert len(world.switches()) == 4
    assert world.told() == ["on_switch ->a", "on_switch a>b"]
    world.end()
    assert world.told()[2:] == ["on_switch b>a"]
    world.end()
    world.run(world.now + 100)
    assert len(world.runs) == 3


def test_programs_do_not_wait_for_each_other() -> None:
    other = Hook(SWITCH, ("/bin/other",))
    hangs = hooked(ON_SWITCH, other)
    world = HookedWorld(hangs, ends=lambda run: None if run.hook is ON_SWITCH else "").run(10)
    world.outage("a", 30)
    world.run(100)
    assert [run.hook.run[0] for run in world.runs].count("/bin/it") == 1
    assert [run.hook.run[0] for run in world.runs].count("/bin/other") == 3


# Attempts.


def test_what_fails_is_tried_again_and_given_up() -> None:
    world = HookedWorld(hooked(replace(ON_SWITCH, attempts=3)), ends=lambda _: "exit code 7")
    world.run(60)
    assert [run.attempt for run in world.runs] == [1, 2, 3]
    first, second, third = (run.at for run in world.runs)
    assert [second - first, third - second] == pytest.approx([PAUSE, PAUSE])
    (notice,) = (text for text in world.notices() if "given up" in text)
    assert notice == "on_switch /bin/it (IPv4): failed 3 times, and is given up: exit code 7"


def test_what_failed_is_told_of_the_latest_state_only() -> None:
    world = HookedWorld(hooked(ON_SWITCH), ends=lambda _: "exit code 7").run(2)
    world.link("a", carrier=False)
    world.run(2.5)
    assert world.told() == ["on_switch ->a", "on_switch a>b"]


def test_after_it_was_given_up_a_restart_runs_it_again() -> None:
    world = HookedWorld(hooked(ON_SWITCH), ends=lambda _: "exit code 7").run(60)
    world.ends = lambda _: ""
    world.restart()
    world.run(62)
    assert world.told() == ["on_switch ->a", "on_switch ->a"]


def test_what_could_not_be_delivered_while_all_was_dead_is_delivered_when_one_answers() -> None:
    rules = hooked(replace(HOOKS[3], attempts=2))
    world = HookedWorld(rules).run(10)
    world.ends = lambda _: "exit code 6"
    world.cut("a", "b")
    world.run(300)
    assert [run.attempt for run in world.runs] == [1, 2]
    assert any("as soon as an uplink works" in text for text in world.notices())
    world.ends = lambda _: ""
    world.mend("b")
    world.run(310)
    assert [run.attempt for run in world.runs] == [1, 2, 1]
    assert world.runs[2].moment == world.runs[0].moment
    assert world.runs[2].at < 303
    world.run(400)
    assert len(world.runs) == 3


def test_a_line_that_came_back_during_the_last_attempt_gives_it_new_ones() -> None:
    rules = hooked(replace(HOOKS[3], attempts=1))
    world = HookedWorld(rules).run(10)
    world.ends = lambda _: None
    world.cut("a", "b")
    world.run(30)
    world.mend("a", "b")
    world.run(40)
    world.end("it did not end within 10s")
    world.ends = lambda _: ""
    world.run(41 + PAUSE)
    assert [run.attempt for run in world.runs] == [1, 1]


# The order after a switch.


class AskedWorld(HookedWorld):
    """One whose kernel is asked about ways; a test says what it answers."""

    def _give(self, event: Event) -> None:
        super()._give(replace(event, asks=True) if isinstance(event, Start) else event)

    def answer_ways(self) -> None:
        """The kernel says that traffic goes nowhere."""
        lookup = Lookup(ip_address("203.0.113.1"))
        refused = Refused(101, "there is no route")
        self.tell(Ways(self.now, Findings({lookup: refused})))


def test_a_hook_is_run_after_the_kernel_was_asked() -> None:
    world = AskedWorld(hooked(ON_SWITCH)).run(0.05)
    assert world.told() == []
    world.answer_ways()
    assert world.told() == ["on_switch ->a"]
    assert world.runs[0].moment.astray == "traffic goes nowhere"


def test_where_the_kernel_does_not_answer_it_is_run_all_the_same() -> None:
    world = AskedWorld(hooked(ON_SWITCH)).run(LIMIT - 0.1)
    assert world.told() == []
    world.run(LIMIT + 0.1)
    assert world.told() == ["on_switch ->a"]


def test_what_was_selected_for_a_moment_is_not_told_of() -> None:
    world = AskedWorld(hooked(ON_SWITCH)).run(0.05)
    world.answer_ways()
    world.run(100)
    world.switch("b")
    world.release("b")
    world.run(110)
    assert len(world.switches()) == 2
    assert world.told() == ["on_switch ->a"]


class Watching(HookedWorld):
    """Looks at the table whenever a hook of a switch is run."""

    def _run_hook(self, effect: RunHook) -> None:
        if effect.hook.kind is SWITCH:
            self._check_table(effect)
        super()._run_hook(effect)

    def _check_table(self, effect: RunHook) -> None:
        best = self.best()
        assert effect.moment.uplink is not None
        assert best is not None
        assert best.interface == effect.moment.uplink.uplink.interface


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xul"), st.integers(1, 25))))
def test_whatever_happens_hooks_are_told_in_order_of_what_is_so(
    troubles: list[tuple[str, str, int]],
) -> None:
    soon = policy(uplink("a", 0), uplink("b", 1), stable=12.0)
    world = Watching(hooked(of=soon)).run(5)
    for name, trouble, seconds in troubles:
        now = world.now
        if trouble == "x":
            world.outage(name, now + seconds)
        elif trouble == "u":
            world.link(name, carrier=False)
            world.run(now + seconds)
            world.link(name)
        else:
            world.restart()
            world.run(now + seconds)
    # Each switch is told of once, from where the one before led to.
    told = [run.moment for run in world.runs if run.hook.kind is SWITCH]
    names = [m.uplink.uplink.name for m in told if m.uplink]
    assert all(one != other for one, other in pairwise(names))
    assert names[-1] == world.active()
    # What is down and what is up take turns.
    for name in "ab":
        turns = [
            run.hook.kind for run in world.runs if run.moment.subject == UplinkId(name, Family.IPV4)
        ]
        assert turns == [HookKind.ON_UPLINK_DOWN, HookKind.ON_UPLINK_UP] * (len(turns) // 2) + [
            HookKind.ON_UPLINK_DOWN
        ] * (len(turns) % 2)


STEPS = ("end", "fail", "cut a", "cut b", "mend", "wait", "restart")


@settings(max_examples=40)
@given(st.data())
def test_one_run_at_a_time_and_the_last_one_has_the_latest_state(data: st.DataObject) -> None:
    world = HookedWorld(hooked(), ends=lambda _: None).run(5)
    for _ in range(data.draw(st.integers(1, 12))):
        step = data.draw(st.sampled_from(STEPS))
        if step in ("end", "fail") and world.going:
            world.end("" if step == "end" else "exit code 1")
        elif step.startswith("cut"):
            world.cut(step[-1])
        elif step == "mend":
            world.mend("a", "b")
        elif step == "restart":
            world.going.clear()
            world.restart()
        world.run(world.now + data.draw(st.sampled_from([0.5, 4.0, 20.0, 70.0])))
        going = Counter((run.hook, run.moment.subject) for run in world.going)
        assert set(going.values()) <= {1}
    world.ends = lambda _: ""
    while world.going:
        world.end()
    world.mend("a", "b")
    world.run(world.now + 300)
    latest = [run.moment for run in world.runs if run.hook.kind is SWITCH][-1]
    assert latest.uplink is not None
    assert latest.uplink.uplink.name == world.active()
    assert world.engine.at_rest(world.now)


def test_in_a_table_of_our_own_the_rules_stand_before_a_hook_is_run() -> None:
    rules = replace(policy(uplink("a", 0), uplink("b", 1)), placement=Placement(115))
    seen: list[bool] = []

    class Ruled(HookedWorld):
        def _run_hook(self, effect: RunHook) -> None:
            seen.append(any(rule.table == 115 for rule in self.table.rules.ours))
            super()._run_hook(effect)

    world = Ruled(hooked(ON_SWITCH, of=rules)).run(10)
    world.outage("a", 30)
    assert seen == [True, True]


def test_a_policy_without_hooks_has_nothing_to_wait_for() -> None:
    world = HookedWorld(policy(uplink("a", 0), uplink("b", 1))).run(100)
    assert world.engine.at_rest(world.now)


def test_time_is_skipped_though_there_are_hooks() -> None:
    world = HookedWorld(hooked()).run(100)
    assert world.engine.at_rest(world.now)


def test_a_program_is_told_the_addresses_of_the_family() -> None:
    addresses = frozenset(map(ip_address, ("198.51.100.9", "198.51.100.10", "2001:db8::9")))
    world = HookedWorld(hooked())
    world.set_links(LinkState("eth1", addresses=addresses))
    world.run(10)
    world.outage("a", 30)
    told = next(run.moment.uplink for run in world.runs if run.moment.previous is not None)
    assert told is not None
    assert told.uplink.name == "b"
    low, high = map(ip_address, ("198.51.100.9", "198.51.100.10"))
    assert told.addresses == (low, high)
    assert in_order(addresses, Family.IPV4, high) == (high, low)
