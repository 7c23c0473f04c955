"""Whatever is told of next hops and links, in whatever order."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.events import LinkState, NextHops
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode
from support.next_hops import NOTHING, told
from support.world import World, policy, uplink

LINES = tuple(
    replace(uplink(name, number, version=family.value), gateway=GatewayMode.AUTO)
    for family in Family
    for number, name in enumerate("ab")
)
ROUTERS = {
    Family.IPV4: ("198.51.100.1", "198.51.100.2"),
    Family.IPV6: ("fe80::1", "fe80::2"),
}
ADDRESS = frozenset({ip_address("198.51.100.77"), ip_address("2001:db8::77")})

hops = st.builds(
    lambda number, family, router, metric: told(
        number, ROUTERS[family][router], metric, family=family
    ),
    st.integers(0, 1),
    st.sampled_from(Family),
    st.integers(0, 1),
    st.integers(0, 3),
)
news = st.lists(hops, max_size=6, unique=True).map(tuple)
links = st.builds(
    lambda number, up, families: LinkState(
        f"eth{number}",
        up=up,
        carrier=up,
        families=frozenset(families),
        addresses=frozenset(a for a in ADDRESS if a.version in {f.value for f in families}),
    ),
    st.integers(0, 1),
    st.booleans(),
    st.sets(st.sampled_from(Family)),
)
waits = st.sampled_from([0.0, 0.3, 0.99, 1.0, 2.5, 7.0, 15.0])
cuts = st.sampled_from(["cut a", "mend a", "cut b", "mend b"])
courses = st.lists(st.one_of(news, links, waits, cuts), max_size=12)


def play(world: World, course: Iterable[object]) -> None:
    for step in course:
        match step:
            case tuple():
                world.tell(NextHops(world.now, step))
            case LinkState():
                world.set_links(step)
            case float():
                world.run(world.now + step)
            case str():
                verb, name = step.split()
                (world.cut if verb == "cut" else world.mend)(name)


def _line(hop: LearnedHop) -> tuple[str, Family]:
    return hop.interface, hop.family


def new_world() -> World:
    return World(policy(*LINES, stable=12.0), next_hops=NOTHING)


@given(courses, news)
def test_news_that_are_no_news_change_nothing(
    course: list[object], last: tuple[LearnedHop]
) -> None:
    world = new_world()
    play(world, [*course, last])
    said, done, plans = len(world.outputs), len(world.actions), world.engine.plans()
    play(world, [last, last])
    assert (len(world.outputs), len(world.actions)) == (said, done)
    assert world.engine.plans() == plans


@given(courses)
def test_every_routable_uplink_has_one_standing_route_by_its_next_hop(course: list[object]) -> None:
    world = new_world()
    play(world, course)
    for family, plan in zip(Family, world.engine.plans(), strict=True):
        status = next(f for f in world.status().families if f.family is family)
        for each in status.uplinks:
            mine = [w for w in plan.routes if w.route.interface == each.health.uplink.interface]
            hop = each.health.next_hop
            assert [w.route.gateway for w in mine] == ([] if hop is None else [hop.gateway])
            assert each.health.routable == any(w.possible for w in mine) or each.refused


@given(courses, news)
def test_the_next_hop_in_use_is_kept_while_it_is_told_and_the_uplink_works(
    course: list[object], last: tuple[LearnedHop]
) -> None:
    world = new_world()
    play(world, course)
    before = world.status()
    play(world, [last])
    for line in LINES:
        was, now = before.health(line.id), world.status().health(line.id)
        mine = {
            h.hop.gateway for h in last if (h.interface, h.family) == (line.interface, line.family)
        }
        held = was.next_hop is not None and was.next_hop.gateway in mine
        if held and was.state is not UplinkState.FAILED:
            assert now.next_hop is not None
            assert was.next_hop is not None
            assert now.next_hop.gateway == was.next_hop.gateway


@given(
    st.sampled_from(Family),
    st.floats(0, 2, exclude_max=True),
    st.lists(st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 3)), min_size=1, max_size=5),
    st.booleans(),
)
def test_gaps_of_less_than_a_second_never_move_the_traffic(
    family: Family, begins: float, gaps: list[tuple[float, float]], answers: bool
) -> None:
    world = new_world()
    here = [told(n, ROUTERS[f][0], family=f) for n in (0, 1) for f in Family]
    play(world, [tuple(here)])
    world.run(20 + begins)
    moves = moves_of(world, family)
    less = tuple(h for h in here if (h.interface, h.family) != ("eth0", family))
    for gap, pause in gaps:
        if not answers:
            world.cut("a")
        play(world, [less, gap])
        world.mend("a")
        play(world, [tuple(here), pause])
    world.run(world.now + 10)
    assert moves_of(world, family) == moves


def moves_of(world: World, family: Family) -> int:
    return len([d for d in world.decisions() if d.family is family])


@given(courses)
def test_the_last_default_route_is_never_taken_away(course: list[object]) -> None:
    """The table of the test world refuses that (`GapError`)."""
    world = new_world()
    play(world, course)
    world.restart()
    play(world, [1.0, *course])
