"""While rounds change no verdict, the engine looks at nothing but what they count.

One that looks at everything after every round says the same.
"""

from dataclasses import replace
from math import inf

from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.test_invariants import POLICY, Step, Watched, everything, phases
from core.test_uplinks_of_two_families import Net as TwoFamilies
from route_switcher.core.engine import Engine
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.policy import (
    FamiliesMove,
    HoldBack,
    Placement,
    Policy,
    WhenAllDown,
)
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from support.answering import Net, policy
from support.twins import NAMES, Twin, hold_backs, policies
from support.two_families import BOTH
from support.world import uplink

deeds = st.sampled_from(
    (
        *("cut", "cut", "cut", "mend", "mend", "slow", "unasked", "dead", "unplug", "plug"),
        *("order", "drill", "release", "reload", "other", "heal", "heal"),
    )
)
pauses = st.sampled_from([0.0, 0.125, 0.625, 1.0, 2.5, 7.0, 12.0, 40.0])
ON_LINES = ("cut", "cut", "mend", "mend", "unplug", "plug", "address", "order", "drill", "release")
lines = st.sampled_from([line.id for line in BOTH.uplinks])
steps = st.lists(st.tuples(pauses, deeds, st.sampled_from(NAMES)), min_size=4, max_size=16)


def still(net: Net) -> bool:
    return net.world.engine._still is not None


class Weighing(dict[Family, FamilySelection]):
    """Selections that weigh the uplinks at each round, also where what follows is known before."""

    def __setitem__(self, family: Family, selection: FamilySelection) -> None:
        vars(selection)["unrivalled"] = lambda at: False
        super().__setitem__(family, selection)


def look_at_everything(engine: Engine) -> None:
    vars(engine)["_stillness"] = lambda: None
    weighing = Weighing()
    for family, selection in engine._families.items():
        weighing[family] = selection
    engine._families = weighing


def assert_alike(usual: Engine, careful: Engine, at: float) -> None:
    event(f"still: {usual._still is not None}")
    assert careful._still is None
    assert usual.plans() == careful.plans()
    assert usual.deadline() == careful.deadline()
    assert usual.status(at) == careful.status(at)


@settings(max_examples=80)
@given(policies, hold_backs, st.sampled_from(WhenAllDown), steps)
def test_an_engine_that_looks_at_everything_after_every_round_says_the_same(
    rules: Policy,
    hold_back: HoldBack,
    when_all_down: WhenAllDown,
    steps: list[tuple[float, str, str]],
) -> None:
    rules = replace(rules, placement=Placement(when_all_down=when_all_down))
    other = replace(rules, hold_back=hold_back)
    usual, careful = Twin(rules), Twin(rules)
    look_at_everything(careful.world.engine)
    known = {line.name for line in rules.uplinks}
    for pause, what, name in steps:
        if name not in known:
            continue
        for net in (usual, careful):
            net.do(what, name, rules, other)
            net.run(net.now + pause)
        assert usual.outputs == careful.outputs
        assert_alike(usual.world.engine, careful.world.engine, usual.now)


@settings(max_examples=40)
@given(policies, hold_backs, steps, st.sampled_from([0.3, 1.7]))
def test_it_says_the_same_where_ticks_come_late(
    rules: Policy, hold_back: HoldBack, steps: list[tuple[float, str, str]], late: float
) -> None:
    other = replace(rules, hold_back=hold_back)
    usual, careful = Twin(other), Twin(other)
    look_at_everything(careful.world.engine)
    for net in (usual, careful):
        come_late(net.world.engine, late)
    for pause, what, name in steps:
        if name in {line.name for line in rules.uplinks}:
            for net in (usual, careful):
                net.do(what, name, other, rules)
                net.run(net.now + pause)
            assert usual.outputs == careful.outputs


def come_late(engine: Engine, seconds: float) -> None:
    """Ticks, as on a busy machine: a round may come first."""
    vars(engine)["deadline"] = lambda: Engine.deadline(engine) + seconds


@settings(max_examples=40)
@given(st.lists(everything, min_size=3, max_size=12), phases)
def test_it_says_the_same_whatever_becomes_of_routes(steps: list[Step], phase: list[float]) -> None:
    usual, careful = Watched(POLICY, phase), Watched(POLICY, phase)
    look_at_everything(careful.engine)
    for step in steps:
        for world in (usual, careful):
            world.do(step)
        assert usual.outputs == careful.outputs
        assert_alike(usual.engine, careful.engine, usual.now)


@settings(max_examples=40)
@given(
    st.sampled_from(FamiliesMove),
    st.lists(st.tuples(pauses, st.sampled_from(ON_LINES), lines), min_size=4, max_size=12),
)
def test_it_says_the_same_of_two_families(
    move: FamiliesMove, steps: list[tuple[float, str, UplinkId]]
) -> None:
    usual, careful = (
        TwoFamilies(replace(BOTH, families_move=move)),
        TwoFamilies(replace(BOTH, families_move=move)),
    )
    look_at_everything(careful.world.engine)
    for pause, what, line in steps:
        for net in (usual, careful):
            happen(net, what, line)
            net.world.run(net.world.now + pause)
        assert usual.outputs == careful.outputs
        assert_alike(usual.world.engine, careful.world.engine, usual.world.now)


def happen(net: TwoFamilies, what: str, line: UplinkId) -> None:
    interface = next(u.interface for u in BOTH.uplinks if u.id == line)
    match what:
        case "cut":
            net.cut(line)
        case "mend":
            net.cuts.discard(line)
        case "unplug":
            net.world.set_links(LinkState(interface, carrier=False))
        case "plug":
            net.world.set_links(LinkState(interface))
        case "address":
            net.world.set_links(LinkState(interface, families=frozenset({line.family})))
        case "order":
            net.world.submit(Switch(net.world.now, line.name, net.world.now + 20))
        case "drill":
            net.world.submit(Drill(net.world.now, line.name, net.world.now + 10))
        case "release":
            net.world.submit(Release(net.world.now, line.name))


def test_it_looks_at_nothing_else_while_the_preferred_uplink_is_well() -> None:
    net = Net(policy()).run(5)
    assert still(net)
    net.cut("b")
    net.run(60)
    assert still(net), "what stands by matters only when it is needed"


def test_it_looks_at_nothing_else_while_the_preferred_uplink_is_failed_or_recovers() -> None:
    net = Net(policy()).run(5)
    net.cut("a")
    net.run(30)
    assert net.active() == "b"
    assert still(net)
    net.mend("a")
    net.run(40)
    assert net.active() == "b"
    assert still(net)


def test_it_looks_at_everything_while_the_active_uplink_is_failed() -> None:
    net = Net(policy()).run(5)
    net.cut("a", "b")
    net.run(30)
    assert not still(net)


def test_an_order_to_the_least_preferred_uplink_is_obeyed_again_when_that_has_recovered() -> None:
    net = Net(policy(*(uplink(name, number) for number, name in enumerate("abc")))).run(5)
    net.world.submit(Switch(net.now, "c", inf))
    assert net.active() == "c"
    net.cut("a", "c")
    net.run(40)
    assert net.active() == "b"
    net.mend("c")
    net.run(80)
    assert net.active() == "c", "though the active uplink is healthy, and none is preferred to it"
