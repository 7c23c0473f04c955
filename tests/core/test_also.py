"""`routes: {also: …}`: prefixes that move with the default route."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.test_own_tables import LINKS
from route_switcher.core.routing.dead_ends_of_ours import dead_end
from route_switcher.core.vocabulary.outputs import RouteLost
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Placement, Policy, WhenAllDown
from route_switcher.core.vocabulary.routes import FIRST_METRIC, Route
from route_switcher.core.vocabulary.uplinks import Family, Prefix
from support.world import World, policy

PREFIXES: tuple[Prefix, ...] = (ip_network("198.18.0.0/15"), ip_network("203.0.113.0/24"))
TABLES = [MAIN_TABLE, 115]


def also(table: int, prefixes: tuple[Prefix, ...] = PREFIXES) -> Policy:
    return replace(policy(), placement=Placement(table, also=prefixes))


def ours(world: World, destination: Prefix | None) -> set[tuple[int, str, int]]:
    """Table, interface and metric of each route of ours to it."""
    routes = (r for r in world.table if r.ours and r.leads_on and r.destination == destination)
    return {(r.table, r.interface, r.metric) for r in routes}


def taken(world: World, destination: Prefix | None, table: int) -> str | None:
    """The interface of the best route of a table to it."""
    found = (r for r in world.table if r.destination == destination and r.table == table)
    best = min(found, key=lambda route: route.metric, default=None)
    return None if best is None else best.interface


@pytest.mark.parametrize("table", TABLES)
def test_each_prefix_has_the_routes_that_the_default_has(table: int) -> None:
    world = World(also(table), links=LINKS).run(5.0)
    for act in ("release", "cut the primary", "mend the primary"):
        ACTS[act](world)
        world.run(world.now + 80.0)
        for prefix in PREFIXES:
            assert ours(world, prefix) == ours(world, None)
            assert taken(world, prefix, table) == taken(world, None, table)


@pytest.mark.parametrize("table", TABLES)
def test_a_restart_keeps_them_and_a_reload_takes_what_the_policy_does_not_name(table: int) -> None:
    world = World(also(table), links=LINKS).run(70.0)
    before, count = set(world.table), len(world.actions)
    world.restart()
    world.run(75.0)
    assert (set(world.table), len(world.actions)) == (before, count)
    world.reload(also(table, PREFIXES[:1]))
    assert ours(world, PREFIXES[1]) == set()
    assert ours(world, PREFIXES[0]) == ours(world, None)
    world.restart(also(table, ()))
    world.run(80.0)
    assert {r.destination for r in world.table} == {None}
    world.reload(also(table))
    assert ours(world, PREFIXES[1]) == ours(world, None)


def test_they_move_with_the_table() -> None:
    world = World(also(MAIN_TABLE), links=LINKS).run(70.0)
    world.reload(also(115))
    assert {r.table for r in world.table} == {115, 116, 117}
    assert ours(world, PREFIXES[0]) == ours(world, None)
    world.reload(also(MAIN_TABLE))
    assert {r.table for r in world.table} == {MAIN_TABLE}


def test_one_that_is_taken_away_is_put_back() -> None:
    world = World(also(MAIN_TABLE), links=LINKS).run(5.0)
    lost = next(r for r in world.table if r.destination == PREFIXES[0])
    world.take_away(lost)
    assert lost in tuple(world.table)
    assert [o.route for o in world.outputs if isinstance(o, RouteLost)] == [lost]


def foreign(prefix: Prefix, metric: int, table: int = MAIN_TABLE) -> Route:
    return Route(Family.IPV4, "lan0", None, metric, protocol=4, destination=prefix, table=table)


def test_a_foreign_route_at_its_key_hinders_nothing_else_and_is_told() -> None:
    theirs = foreign(PREFIXES[0], 10)
    world = World(also(MAIN_TABLE), found=[theirs], links=LINKS).run(70.0)
    assert (
        ours(world, None)
        == ours(world, PREFIXES[1])
        == {
            (MAIN_TABLE, "eth0", 10),
            (MAIN_TABLE, "eth1", 20),
        }
    )
    assert ours(world, PREFIXES[0]) == {(MAIN_TABLE, "eth0", 1010), (MAIN_TABLE, "eth1", 1020)}
    (told,) = [text for text in world.notices() if "foreign route in the way" in text]
    assert "traffic to 198.18.0.0/15 takes it" in told
    assert told.endswith("ip route del 198.18.0.0/15 dev lan0 metric 10 proto static")
    assert world.status().families[0].conflicts == (theirs,)
    world.cut("primary")
    world.run(90.0)
    assert world.active() == "secondary"
    world.take_away(theirs)
    world.run(100.0)
    assert taken(world, PREFIXES[0], MAIN_TABLE) == "eth1"


def test_beside_a_table_of_our_own_any_route_to_it_in_main_is_in_the_way() -> None:
    world = World(also(115), links=LINKS).run(5.0)
    world.put(foreign(PREFIXES[0], 5000))
    assert any("traffic to 198.18.0.0/15 takes it" in text for text in world.notices())


@pytest.mark.parametrize("table", TABLES)
def test_no_route_of_ours_leads_to_a_network_of_this_machine(table: int) -> None:
    """In IPv6 ours would stand before the kernel's, which has metric 256."""
    world = World(also(table), links=LINKS).run(70.0)
    network = replace(foreign(PREFIXES[0], 256), protocol=2)
    world.put(network)
    world.run(75.0)
    assert ours(world, PREFIXES[0]) == set()
    assert ours(world, PREFIXES[1]) == ours(world, None)
    (told,) = [text for text in world.notices() if "198.18.0.0/15" in text]
    assert told.startswith("198.18.0.0/15 is a network of lan0")
    assert told.endswith("Take it out of 'also'")
    world.take_away(network)
    world.run(80.0)
    assert ours(world, PREFIXES[0]) == ours(world, None)


def test_where_all_is_refused_prefixes_are_too() -> None:
    where = Placement(115, when_all_down=WhenAllDown.UNREACHABLE, also=PREFIXES)
    world = World(replace(policy(), placement=where), links=LINKS).run(5.0)
    world.cut("primary", "secondary")
    world.run(20.0)
    for destination in (None, *PREFIXES):
        first = dead_end(Family.IPV4, 115, FIRST_METRIC, destination)
        assert first in tuple(world.table)
    world.mend("secondary")
    world.run(23.0)
    assert all(r.destination is None for r in world.table if not r.leads_on)
    assert taken(world, PREFIXES[0], 115) == "eth1"


ACTS: dict[str, Callable[[World], None]] = {
    "cut the primary": lambda world: world.cut("primary"),
    "cut the secondary": lambda world: world.cut("secondary"),
    "mend the primary": lambda world: world.mend("primary"),
    "mend the secondary": lambda world: world.mend("secondary"),
    "pull the primary": lambda world: world.link("primary", carrier=False),
    "take the primary down": lambda world: world.link("primary", up=False),
    "plug the primary": lambda world: world.link("primary"),
    "order": lambda world: world.switch("secondary", force=True),
    "release": lambda world: world.release("secondary"),
    "restart": lambda world: world.restart(),
    "move to main": lambda world: world.reload(also(MAIN_TABLE)),
    "move to a table of our own": lambda world: world.reload(also(115)),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.floats(0.1, 20.0)), max_size=25))
def test_they_always_go_the_way_of_the_default(acts: list[tuple[str, float]]) -> None:
    world = World(also(MAIN_TABLE), links=LINKS)
    now = 0.0
    for name, pause in acts:
        ACTS[name](world)
        now += pause
        world.run(now)
        for prefix in PREFIXES:
            assert ours(world, prefix) == ours(world, None)
    count = len(world.actions)
    world.see_routes()
    assert len(world.actions) == count


def test_at_every_single_step_a_prefix_has_a_way_that_had_one() -> None:
    world = World(also(MAIN_TABLE), links=LINKS).run(70.0)
    seen: list[bool] = []

    def look(action: object) -> None:
        seen.extend(taken(world, prefix, MAIN_TABLE) is not None for prefix in PREFIXES)

    world.refusing = look
    for _ in range(3):
        world.cut("primary")
        world.run(world.now + 30.0)
        world.mend("primary")
        world.run(world.now + 90.0)
    assert seen
    assert all(seen)
