"""What the core tells a person: once, and truly."""

from ipaddress import ip_address
from math import inf

import pytest

from route_switcher.core.messages import describe
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Level, Notice
from route_switcher.core.vocabulary.probes import Quorum
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from support.answering import T1, T2, T3, Net, policy, probe
from support.world import World, uplink
from support.world import policy as seed


def told(world: World | Net, word: str) -> list[Notice]:
    return [o for o in world.outputs if isinstance(o, Notice) and word in o.text]


# Targets.


@pytest.mark.parametrize("uplinks", [("a", "b"), ("a",)])
@pytest.mark.parametrize(
    ("targets", "quorum"), [((T1, T2), "any"), ((T1, T2, T3), "any"), ((T1, T2, T3), 2)]
)
def test_a_dead_target_is_told_though_no_round_waits_for_it(
    uplinks: tuple[str, ...], targets: tuple[object, ...], quorum: Quorum
) -> None:
    its = probe(T1, T2, *targets[2:], quorum=quorum)  # type: ignore[arg-type]
    net = Net(policy(*(uplink(n, i) for i, n in enumerate(uplinks)), probes=(its,))).run(30)
    net.dead.add(T2)
    net.run(1000)
    (notice,) = told(net, str(T2))
    assert notice.level is Level.WARNING
    assert notice.at < 30 + 90
    net.dead.clear()
    net.run(2000)
    assert [n.level for n in told(net, str(T2))] == [Level.WARNING, Level.INFO]
    assert net.moves() == []


def test_a_target_that_is_dead_through_one_of_two_uplinks_is_no_dead_target() -> None:
    net = Net(policy(probes=(probe(T1, T2, quorum="any"),)))
    net.fates = lambda name, target: None if (name, target) == ("b", T2) else 1 / 64
    net.run(1000)
    assert told(net, str(T2)) == []


# Nowhere to go.


def test_all_uplinks_dead_is_an_error_and_told_once() -> None:
    world = World(seed()).run(10)
    world.cut("primary", "secondary")
    world.run(600)
    (notice,) = told(world, "staying with primary")
    assert notice.level is Level.ERROR


def test_the_only_uplink_dead_is_an_error() -> None:
    world = World(seed(uplink("only", 0))).run(10)
    world.cut("only")
    world.run(600)
    (notice,) = told(world, "staying with only")
    assert notice.level is Level.ERROR
    assert "there is no other uplink" in notice.text


def refuse_secondary(action: RouteAction) -> str | None:
    mine = action.route.interface == "eth1" and action.change is not Change.DELETE
    return "Invalid argument" if mine else None


def test_it_is_said_why_a_healthy_uplink_whose_route_is_refused_is_not_taken() -> None:
    world = World(seed())
    world.refusing = refuse_secondary
    world.take_away(*[r for r in world.table if r.interface == "eth1"])
    world.run(100)
    world.cut("primary")
    world.run(200)
    notices = told(world, "staying with primary")
    assert notices
    assert all("Invalid argument" in n.text for n in notices)


def test_it_is_said_why_an_uplink_with_old_answers_is_not_taken() -> None:
    world = World(seed()).run(10)
    world.silence("secondary")
    world.cut("primary")
    world.run(60)
    (notice,) = told(world, "staying with primary")
    assert "secondary is healthy" in notice.text
    assert ", but its latest answer is" in notice.text


@pytest.mark.parametrize("answered", [True, False])
def test_where_no_uplink_answers_it_is_said_of_which_family(answered: bool) -> None:
    ways = [uplink(n, i, version=v) for i, n in enumerate(("one", "two")) for v in (4, 6)]
    others = [
        Route(Family.IPV4, "eth9", ip_address("198.51.100.77"), 5, 16),
        Route(Family.IPV6, "eth9", ip_address("2001:db8:9::1"), 5, 16),
    ]
    world = World(seed(*ways), found=() if answered else others)
    if answered:
        world.run(10)
    world.cut("one", "two")
    world.run(100)
    word = "staying with one" if answered else "no uplink answers yet"
    assert [n.text.split(word)[0] for n in told(world, word)] == ["IPv4: ", "IPv6: "]


# Foreign routes.


def test_a_decision_says_that_a_foreign_route_stands_before_the_selected_uplink() -> None:
    world = World(seed()).run(10)
    world.put(Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 5, 16))
    world.cut("primary")
    world.run(30)
    (_, moved) = world.decisions()
    said = "a foreign route stands before it: default via 198.51.100.1 dev eth0 metric 5"
    assert moved.evidence[-1] == said
    assert said in describe(moved, seed())


@pytest.mark.parametrize("metric", [15, 25])
def test_a_decision_is_silent_of_foreign_routes_behind_or_the_same_way(metric: int) -> None:
    world = World(seed()).run(10)
    world.put(Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), metric, 16))
    world.cut("primary")
    world.run(30)
    (_, moved) = world.decisions()
    assert not any("foreign route" in text for text in moved.evidence)


# Orders.


def test_a_forced_order_that_keeps_traffic_on_a_dead_uplink_is_told_again_and_again() -> None:
    world = World(seed()).run(10)
    world.tell(Switch(world.now, "primary", until=inf, force=True))
    world.run(20)
    world.cut("primary")
    world.run(20 + 3600)
    notices = told(world, "forced order keeps the traffic on primary")
    assert world.active() == "primary"
    assert {n.level for n in notices} == {Level.ERROR}
    assert notices[0].at < 25
    assert 4 < len(notices) < 10
    world.tell(Release(world.now, "primary"))
    assert world.active() == "secondary"
    before = len(told(world, "forced order"))
    world.run(world.now + 7200)
    assert len(told(world, "forced order")) == before


def test_a_forced_order_onto_a_lost_link_is_told_too() -> None:
    world = World(seed()).run(10)
    world.tell(Switch(world.now, "primary", until=inf, force=True))
    world.set_links(LinkState("eth0", carrier=False))
    assert world.active() == "primary"
    assert told(world, "forced order keeps the traffic on primary")


# The stable time.


def test_a_lost_round_that_starts_the_stable_time_again_is_told_with_what_it_waits_for() -> None:
    world = World(seed()).run(10)
    world.outage("primary", 20)
    world.run(50.5)
    world.outage("primary", 51.5)
    world.run(200)
    (notice,) = told(world, "stable time begins again")
    assert notice.level is Level.INFO
    assert "no answer" in notice.text
    assert "for 60 s" in notice.text


def test_a_line_that_never_gets_stable_is_told_of_ever_more_rarely() -> None:
    net = Net(policy()).run(10)
    net.cut("a")
    net.run(15)
    net.mend("a")
    asked = 0

    def fate(name: str, target: object) -> float | None:
        nonlocal asked
        asked += name == "a"
        return None if name == "a" and asked % 5 == 0 else 1 / 64

    net.fates = fate
    net.run(7200)
    assert net.active() == "b"
    assert 2 < len(told(net, "stable time begins again")) < 12
