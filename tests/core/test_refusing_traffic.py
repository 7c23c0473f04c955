"""`when_all_down: unreachable`: what stands in our table, so that nothing gets past it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.test_own_tables import LINKS, placed
from route_switcher.core.routing.dead_ends_of_ours import LAST_METRIC, dead_end
from route_switcher.core.routing.rule_list import leads_all
from route_switcher.core.routing.rule_plan import rule_actions
from route_switcher.core.routing.rule_table import RuleTable
from route_switcher.core.vocabulary.outputs import RouteLost
from route_switcher.core.vocabulary.policy import Placement, Policy, WhenAllDown
from route_switcher.core.vocabulary.policy_rules import RoutingRuleAction
from route_switcher.core.vocabulary.routes import FIRST_METRIC, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from support.world import World, policy, uplink

TABLE = 115
LAST = dead_end(Family.IPV4, TABLE, LAST_METRIC)
FIRST = dead_end(Family.IPV4, TABLE, FIRST_METRIC)


def refusing(table: int = TABLE, stable: float = 60.0) -> Policy:
    """The seed's policy, which refuses what nobody carries."""
    where = Placement(table, when_all_down=WhenAllDown.UNREACHABLE)
    return replace(policy(stable=stable), placement=where)


def ours(world: World, kind: Route) -> bool:
    return kind in tuple(world.table)


def test_one_dead_end_always_stands_last_and_one_first_while_none_answers() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    assert (ours(world, LAST), ours(world, FIRST)) == (True, False)
    world.cut("primary", "secondary")
    world.run(20.0)
    assert world.status().families[0].refusing
    assert world.best() == FIRST
    assert world.notices()[-1].endswith("traffic is refused as unreachable until one does")
    world.mend("secondary")
    world.run(22.1)
    assert not world.status().families[0].refusing
    best = world.best()
    assert best is not None
    assert (best.interface, ours(world, LAST)) == ("eth1", True)


def test_the_active_one_that_answers_again_is_enough() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.cut("primary", "secondary")
    world.run(20.0)
    active = world.active()
    assert active is not None
    world.mend(active)
    world.run(22.1)
    assert not ours(world, FIRST)


def test_lost_links_are_like_silence() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.link("primary", carrier=False)
    world.link("secondary", up=False)
    world.run(6.0)
    assert world.best() == FIRST


def test_a_restart_goes_on_refusing_until_one_answers() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.cut("primary", "secondary")
    world.run(20.0)
    world.restart()
    assert world.best() == FIRST
    world.run(30.0)
    assert world.best() == FIRST
    world.mend("primary")
    world.run(32.1)
    assert not ours(world, FIRST)


def test_where_none_answers_at_a_first_start_nothing_goes_by_other_routes() -> None:
    theirs = Route(Family.IPV4, "lan0", None, 0, protocol=16)
    world = World(refusing(), found=[theirs], links=LINKS)
    world.cut("primary", "secondary")
    assert world.best() == theirs, "no verdict yet"
    world.run(30.0)
    assert world.active() is None
    assert world.best() == FIRST
    world.mend("secondary")
    world.run(33.0)
    best = world.best()
    assert best is not None
    assert best.interface == "eth1"


def test_a_forced_order_keeps_its_traffic() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.switch("primary", force=True)
    world.cut("primary", "secondary")
    world.run(30.0)
    assert not ours(world, FIRST)
    world.release("primary")
    world.run(35.0)
    assert ours(world, FIRST)


def test_a_forced_order_gets_its_traffic_through_where_it_was_refused_before() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.cut("primary", "secondary")
    world.run(20.0)
    assert ours(world, FIRST)
    world.switch("secondary", force=True)
    assert (world.active(), ours(world, FIRST)) == ("secondary", False)
    world.run(30.0)
    assert not ours(world, FIRST)
    world.release("secondary")
    assert ours(world, FIRST)


def test_an_uplink_of_which_nothing_is_known_is_not_taken_for_dead() -> None:
    world = World(refusing(), links=LINKS)
    world.silence("secondary")
    world.run(5.0)
    world.cut("primary")
    world.run(30.0)
    assert not ours(world, FIRST)


def test_a_reload_takes_dead_ends_back() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.cut("primary", "secondary")
    world.run(20.0)
    world.reload(placed(TABLE))
    assert not ours(world, FIRST)
    assert not ours(world, LAST)
    world.reload(refusing())
    world.run(25.0)
    assert world.best() == FIRST


def test_when_the_routes_move_dead_ends_move_with_them() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.cut("primary", "secondary")
    world.run(20.0)
    world.reload(refusing(200))
    assert {r.table for r in world.table if not r.leads_on} == {200}
    world.reload(policy())
    assert all(r.leads_on for r in world.table)


@pytest.mark.parametrize("end", [FIRST, LAST], ids=["first", "last"])
def test_a_dead_end_that_somebody_deletes_is_put_back(end: Route) -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    world.cut("primary", "secondary")
    world.run(20.0)
    world.take_away(end)
    assert ours(world, end)
    (lost,) = [output for output in world.outputs if isinstance(output, RouteLost)]
    assert (lost.route, lost.by) == (end, "somebody else")


def test_where_the_kernel_refuses_the_dead_end_the_rest_goes_on() -> None:
    def refuse(action: RouteAction) -> str | None:
        return None if action.route.leads_on else "it does not want to"

    world = World(refusing(), links=LINKS)
    world.refusing = refuse
    world.take_away(*(r for r in world.table if not r.leads_on))
    world.cut("primary")
    world.run(20.0)
    assert world.active() == "secondary"
    assert any("it does not want to" in text for text in world.notices())


class CheckedRules(RuleTable):
    """Rules of which the one for the traffic never stands without the last dead end."""

    def __init__(self, world: World) -> None:
        super().__init__(world.table.rules.rules)
        self._world = world

    def apply(self, action: RoutingRuleAction) -> str | None:
        why = super().apply(action)
        check(self._world)
        return why


def check(world: World) -> None:
    led = any(leads_all(rule) for rule in world.table.rules.ours)
    assert not led or ours(world, LAST), "the traffic's rule leads to a table without its end"


def flush(world: World) -> None:
    world.table.rules.take_away(*world.table.rules.rules)
    world.see_routes()


ACTS: dict[str, Callable[[World], None]] = {
    "cut the primary": lambda world: world.cut("primary"),
    "cut the secondary": lambda world: world.cut("secondary"),
    "mend the primary": lambda world: world.mend("primary"),
    "mend the secondary": lambda world: world.mend("secondary"),
    "pull the primary": lambda world: world.link("primary", carrier=False),
    "plug the primary": lambda world: world.link("primary"),
    "take the secondary down": lambda world: world.link("secondary", up=False),
    "take the secondary up": lambda world: world.link("secondary"),
    "order": lambda world: world.switch("secondary", force=True),
    "release": lambda world: world.release("secondary"),
    "restart": lambda world: world.restart(),
    "flush the rules": flush,
}


@given(st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.floats(0.1, 8.0)), max_size=25))
def test_nothing_ever_gets_past_it_and_whoever_answers_is_used(
    acts: list[tuple[str, float]],
) -> None:
    world = World(refusing(stable=6.0), links=LINKS)
    world.table.rules = CheckedRules(world)
    now = 0.0

    def look(action: RouteAction) -> None:
        # The last end is taken by nobody here, so it must stand before every other change too.
        if action.route != LAST:
            check(world)

    world.refusing = look
    for name, pause in acts:
        ACTS[name](world)
        now += pause
        world.run(now)
        check(world)
    if any(name == "restart" for name, _ in acts):
        world.release("secondary")
    for name in ("primary", "secondary"):
        world.cut(name)
        world.link(name)
    world.release("secondary")
    world.run(now + 75.0)
    assert world.best() == FIRST
    before = len(world.actions)
    world.see_routes()
    assert len(world.actions) == before, "the plan stands already"
    world.mend("primary")
    world.run(now + 80.0)
    assert not ours(world, FIRST)
    best = world.best()
    assert best is not None
    assert best.interface == "eth0"


def test_the_traffics_rule_waits_until_the_last_end_was_seen() -> None:
    world = World(refusing(), links=LINKS).run(5.0)
    (plan,) = world.engine.plans()
    seen = tuple(world.table)
    with_it = rule_actions(plan, seen, ())
    without = rule_actions(plan, [route for route in seen if route != LAST], ())
    assert any(leads_all(action.rule) for action in with_it)
    assert not any(leads_all(action.rule) for action in without)


def test_it_is_of_one_family_alone() -> None:
    both = [uplink("primary", 0), uplink("six", 1, version=6)]
    where = Placement(TABLE, when_all_down=WhenAllDown.UNREACHABLE)
    world = World(replace(policy(*both), placement=where), links=LINKS).run(5.0)
    world.cut("six")
    world.run(20.0)
    six = dead_end(Family.IPV6, TABLE, FIRST_METRIC)
    assert (ours(world, FIRST), ours(world, six)) == (False, True)
