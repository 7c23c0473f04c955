"""What the kernel refuses, what others hold, and what comes and goes: nothing moves for it that
need not, and no dead uplink stands in front of one that works."""

from dataclasses import replace

import pytest

from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.states import Cause
from route_switcher.core.vocabulary.uplinks import Family
from support.world import World, policy, uplink

THREE = (uplink("primary", 0), uplink("secondary", 1), uplink("tertiary", 2))


def foreign(metric: int, number: int | None = 9, version: int = 4) -> Route:
    """A DHCP client's route through the line of that number, as in `uplink`."""
    line = uplink("", number or 0, version=version)
    return Route(Family(version), f"eth{number}", line.written_gateway, metric, protocol=16)


@pytest.mark.parametrize("version", [4, 6])
def test_a_foreign_route_at_the_standbys_metric_does_not_cancel_failover(version: int) -> None:
    family = Family(version)
    one, two = uplink("primary", 0, version=version), uplink("secondary", 1, version=version)
    world = World(policy(one, two), found=[foreign(20, 1, version)]).run(10)
    world.cut("primary")
    world.run(20)
    assert world.active(family) == "secondary"
    assert world.metrics(family) == {"eth0": 2010, "eth1": 1020}
    best = world.best(family)
    assert best is not None
    assert best.interface == "eth1"
    # Without it, our own is the best, and takes its own metric after a while.
    world.take_away(foreign(20, 1, version))
    best = world.best(family)
    assert best is not None
    assert best.interface == "eth1"
    world.run(30)
    assert world.metrics(family) == {"eth0": 1010, "eth1": 20}
    assert len(world.switches()) == 1


def test_all_others_stand_behind_an_active_uplink_that_is_demoted() -> None:
    world = World(policy(*THREE), found=[foreign(20, 1)]).run(10)
    world.cut("primary")
    world.run(20)
    assert world.metrics() == {"eth0": 2010, "eth1": 1020, "eth2": 1030}
    world.cut("tertiary")
    world.run(30)
    assert world.metrics() == {"eth0": 2010, "eth1": 1020, "eth2": 2030}
    world.take_away(foreign(20, 1))
    best = world.best()
    assert best is not None
    assert best.interface == "eth1"


def test_an_active_uplink_whose_own_metric_is_held_stays_active_by_another() -> None:
    """Also after a restart."""
    world = World(policy()).run(10)
    world.put(foreign(10, 0))
    world.take_away(*[r for r in world.table if r.ours and r.metric == 10])
    world.run(20)
    assert world.metrics() == {"eth0": 1010, "eth1": 1020}
    world.restart()
    world.run(30)
    assert world.active() == "primary"
    assert world.switches() == []
    assert world.metrics() == {"eth0": 1010, "eth1": 1020}


def test_a_restart_keeps_the_uplink_that_is_active_by_a_demoted_route() -> None:
    world = World(policy(), found=[foreign(20, 1)]).run(10)
    world.cut("primary")
    world.run(20)
    world.mend("primary")
    world.restart()
    assert world.active() == "secondary"
    assert world.decisions()[-1].cause is Cause.RESTART


def test_the_routes_of_a_standby_stay_while_those_that_should_replace_them_are_refused() -> None:
    world = World(policy()).run(10)
    world.refusing = lambda a: "no route to host" if a.change is not Change.DELETE else None
    world.cut("primary", "secondary")
    world.run(20)
    assert world.metrics() == {"eth0": 10, "eth1": 20}
    world.refusing = lambda a: None
    world.run(60)
    assert world.metrics() == {"eth0": 10, "eth1": 1020}


def test_an_uplink_without_any_route_gets_one_soon_after_it_can() -> None:
    world = World(policy()).run(10)
    world.refusing = lambda a: "no memory" if a.change is not Change.DELETE else None
    world.cut("primary")
    world.run(16)
    assert world.active() == "secondary"
    assert world.metrics() == {"eth1": 20}  # traffic left it, though it has no other route
    world.refusing = lambda a: None
    world.run(28)
    assert world.metrics() == {"eth0": 1010, "eth1": 20}


def test_what_somebody_else_holds_is_asked_for_again_though_nothing_told_that_it_is_free() -> None:
    world = World(policy(), found=[foreign(10)]).run(40)
    world.table.take_away(foreign(10))  # as a route through a nexthop object goes
    world.run(400)
    assert world.metrics() == {"eth0": 10, "eth1": 20}


@pytest.mark.parametrize("metric", [10, 20, 1010, 1020])
@pytest.mark.parametrize("number", [0, 1, 9])
def test_a_foreign_route_that_comes_and_goes_moves_nothing(metric: int, number: int) -> None:
    world = World(policy(stable=10)).run(10)
    theirs = foreign(metric, number)
    for _ in range(30):
        mine = [r for r in world.table if (r.metric, r.family) == (metric, theirs.family)]
        world.table.take_away(*mine)
        world.put(theirs)
        world.run(world.now + 1)
        world.take_away(theirs)
        world.run(world.now + 1)
    assert world.switches() == []
    assert len(world.actions) < 40
    world.run(world.now + 60)
    assert world.metrics() == {"eth0": 10, "eth1": 20}


def test_a_route_whose_refusal_comes_and_goes_moves_traffic_once_in_a_stable_time() -> None:
    world = World(policy(stable=10)).run(10)
    for _ in range(30):
        world.refusing = lambda a: "no" if a.route.interface == "eth0" else None
        world.take_away(*[r for r in world.table if r.interface == "eth0"])
        world.run(world.now + 1)
        world.refusing = lambda a: None
        world.link("primary")
        world.run(world.now + 1)
    assert len(world.switches()) == 1
    world.run(world.now + 60)
    assert world.active() == "primary"


def test_a_foreign_route_through_the_same_gateway_does_where_all_of_ours_are_refused() -> None:
    """The gateway is in no network of eth0, but a DHCP client's route says that it is there."""
    theirs = foreign(901, 0)
    world = World(policy(), found=[theirs])
    world.refusing = lambda a: "no such gateway" if a.route.interface == "eth0" else None
    world.take_away(*[r for r in world.table if r.ours and r.interface == "eth0"])
    world.run(100)
    assert world.active() == "primary"
    assert world.best() == theirs
    world.cut("primary")
    world.run(110)
    assert world.active() == "secondary"
    assert world.metrics() == {"eth1": 20}
    world.mend("primary")
    world.run(200)
    # The dead one must not stand in front of the one that works.
    world.cut("secondary")
    world.run(220)
    assert world.active() == "primary"
    assert world.best() == theirs
    world.take_away(theirs)
    world.mend("secondary")
    world.run(230)
    assert world.active() == "secondary"


def test_a_dead_standby_is_demoted_though_the_active_uplink_has_no_route() -> None:
    """Else it would stand in front of somebody else's route, which may work."""
    theirs = foreign(901)
    world = World(policy(), found=[theirs])
    world.run(10)
    world.refusing = lambda a: "no" if a.route.interface == "eth0" else None
    world.take_away(*[r for r in world.table if r.interface == "eth0"])
    world.run(11)
    assert world.active() == "secondary"
    world.cut("secondary", "primary")
    world.run(20)
    world.refusing = lambda a: "no" if a.route.metric in (10, 20) else None
    world.take_away(*[r for r in world.table if r.metric == 20])
    world.run(60)
    assert world.best() == theirs


def test_what_is_refused_at_every_metric_for_one_reason_is_told_once() -> None:
    world = World(policy(*THREE))
    world.refusing = lambda a: "no such gateway" if a.route.interface == "eth0" else None
    world.take_away(*[r for r in world.table if r.interface == "eth0"])
    world.run(1000)
    told = [t for t in world.notices() if t.startswith("refused by the kernel")]
    assert len(told) == 1


def test_the_refusal_of_a_replacement_keeps_the_old_route_of_a_changed_gateway() -> None:
    one, two = THREE[:2]
    world = World(policy(one, two)).run(10)
    gateway = uplink("", 76).gateway
    world.refusing = lambda a: "no such gateway" if a.route.gateway == gateway else None
    world.reload(policy(one, replace(two, gateway=gateway)))
    world.run(20)
    assert world.metrics() == {"eth0": 10, "eth1": 20}
    world.refusing = lambda a: None
    world.run(60)
    assert [r.gateway for r in world.table if r.interface == "eth1"] == [gateway]


def test_a_removed_uplink_carries_traffic_by_a_demoted_route_until_another_can() -> None:
    world = World(policy(), found=[foreign(10)]).run(10)
    assert world.metrics() == {"eth0": 1010, "eth1": 1020}
    world.cut("secondary")
    world.run(20)
    world.reload(policy(uplink("secondary", 1)))
    assert RouteAction(
        Change.DELETE, Route(Family.IPV4, "eth0", THREE[0].written_gateway, 1010), ""
    ) not in [RouteAction(a.change, a.route, "") for _, a in world.actions]
    world.mend("secondary")
    world.run(100)
    assert world.metrics() == {"eth1": 20}


def test_a_gateway_is_on_the_link_if_a_route_of_the_machine_says_so_or_the_policy() -> None:
    theirs = replace(foreign(901, 0), onlink=True)

    def not_on_link(action: RouteAction) -> str | None:
        far = action.route.interface == "eth0" and not action.route.onlink
        return "no such gateway" if far and action.change is not Change.DELETE else None

    one, two = THREE[:2]
    for found, said, reachable in (
        ([theirs], None, True),
        ([], True, True),
        ([theirs], False, False),
        ([], None, False),
    ):
        world = World(policy(two), found=found)
        world.refusing = not_on_link
        world.reload(policy(replace(one, onlink=said), two))
        world.run(100)
        assert ("eth0" in world.metrics()) == reachable
        if not found and not reachable:
            # Said later, too: by a DHCP client, say.
            world.put(theirs)
            world.run(101)
            assert "eth0" in world.metrics()
            world.take_away(theirs)
            world.run(120)
            assert "eth0" in world.metrics()


def test_routes_of_a_family_without_an_uplink_are_named_at_the_start() -> None:
    left = [Route(Family.IPV6, "eth0", uplink("", 0, version=6).written_gateway, 10)]
    world = World(policy(), found=left)
    (told,) = (text for text in world.notices() if text.startswith("IPv6 has no uplink any more"))
    assert str(left[0]) in told
    assert told.endswith("To remove them: ip -6 route flush table main proto 115")
    world.restart()
    assert len([t for t in world.notices() if t == told]) == 2
    world.reload(policy())
    world.run(10)
    assert left[0] in world.table


def test_what_is_before_an_active_uplink_that_is_demoted_is_in_the_way() -> None:
    other = foreign(500, 0)
    world = World(policy(), found=[foreign(20), other]).run(10)
    assert not any("in the way: " + str(other) in text for text in world.notices())
    world.cut("primary")
    world.run(20)
    (told,) = (text for text in world.notices() if "in the way: " + str(other) in text)
    assert "Give it a metric above 1020 where it is set" in told


def test_a_demoted_uplink_has_a_route_though_others_hold_two_of_its_metrics() -> None:
    world = World(policy(), found=[foreign(1010), foreign(2010)]).run(10)
    world.cut("primary")
    world.run(20)
    assert world.metrics() == {"eth0": 3010, "eth1": 20}
    world.mend("primary")
    world.run(100)
    assert world.active() == "primary"


@pytest.mark.parametrize("name", ["secondary", "renamed"])
def test_a_reload_asks_for_nothing_that_others_still_hold(name: str) -> None:
    world = World(policy(), found=[foreign(20, 1), foreign(1010, 0)]).run(10)
    world.cut("primary")
    world.run(20)
    assert world.metrics() == {"eth0": 2010, "eth1": 1020}
    actions, notices = len(world.actions), len(world.notices())
    world.reload(policy(THREE[0], replace(THREE[1], name=name)))
    world.run(21)
    assert world.actions[actions:] == []
    assert [t for t in world.notices()[notices:] if "is called" not in t] == []
    world.take_away(foreign(20, 1), foreign(1010, 0))
    world.run(30)
    assert world.metrics() == {"eth0": 1010, "eth1": 20}


def test_a_free_metric_is_taken_at_once_where_traffic_would_go_astray_until_then() -> None:
    """The route of a dead uplink stands in front of the one that is active by a demoted route."""
    world = World(policy(), found=[foreign(20, 1), foreign(1010, 0)]).run(10)
    world.cut("primary")
    world.run(20)
    assert world.active() == "secondary"
    world.take_away(foreign(20, 1))
    world.run(20.25)
    best = world.best()
    assert best is not None
    assert (best.interface, best.metric) == ("eth1", 20)


def test_a_metric_that_frees_nothing_is_taken_after_a_while() -> None:
    """What is in the way stands in front of it all the same."""
    world = World(policy(), found=[foreign(15, 0), foreign(20, 1)]).run(10)
    world.cut("primary")
    world.run(20)
    assert world.active() == "secondary"
    world.take_away(foreign(20, 1))
    world.run(22)
    assert world.metrics() == {"eth0": 2010, "eth1": 1020}
    world.run(30)
    assert world.metrics() == {"eth0": 1010, "eth1": 20}
