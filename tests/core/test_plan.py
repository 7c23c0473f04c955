"""The plan, over every health of three uplinks and every active one."""

from itertools import product

import pytest

from route_switcher.core.routing.plan import make_plan
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import DEMOTION, Family
from support.standing import standing, standing_route
from support.world import uplink

THREE = tuple(uplink(name, number) for number, name in enumerate("abc"))
HEALTHS = list(product(UplinkState, repeat=3))


@pytest.mark.parametrize("number", range(3))
def test_the_kernel_takes_the_active_uplink_and_has_the_best_right_behind_it(number: int) -> None:
    active = THREE[number]
    for states in HEALTHS:
        standings = [standing(u, s, True) for u, s in zip(THREE, states, strict=True)]
        plan = make_plan(Family.IPV4, standings, standing(active), frozenset())
        metrics = {w.route.interface: w.route.metric for w in plan.routes}
        assert min(metrics, key=lambda i: metrics[i]) == active.interface
        assert plan.active == standing_route(active)
        for other, state in zip(THREE, states, strict=True):
            demoted = metrics[other.interface] == other.metric + DEMOTION
            assert demoted or metrics[other.interface] == other.metric
            failed_behind = other.metric > active.metric and state is UplinkState.FAILED
            assert demoted == (other.metric < active.metric or failed_behind)


def test_before_the_first_selection_all_stand_demoted() -> None:
    standings = [standing(u, UplinkState.HEALTHY, True) for u in THREE]
    plan = make_plan(Family.IPV4, standings, None, frozenset())
    assert plan.active is None
    assert [w.route.metric for w in plan.routes] == [1010, 1020, 1030]


def test_a_removed_active_uplink_keeps_its_route() -> None:
    gone = uplink("gone", 7, metric=5)
    standings = [standing(u, UplinkState.HEALTHY, True) for u in THREE]
    plan = make_plan(Family.IPV4, standings, standing(gone), frozenset())
    assert plan.active == standing_route(gone)
    assert plan.active in [w.route for w in plan.routes]


@pytest.mark.parametrize("refused_demoted", [False, True])
def test_a_refused_route_is_not_asked_for_again_and_the_other_is_where_that_is_safe(
    refused_demoted: bool,
) -> None:
    first, second, third = THREE
    standings = [standing(u, UplinkState.HEALTHY, True) for u in (first, second)]
    standings.append(standing(third, UplinkState.FAILED, True))
    refused = frozenset(standing_route(u, int(refused_demoted)) for u in THREE)
    plan = make_plan(Family.IPV4, standings, standing(second), refused)
    wanted = {w.route.interface: (w.route.metric, w.possible) for w in plan.routes}
    if refused_demoted:
        assert wanted == {"eth0": (2010, True), "eth1": (20, True), "eth2": (2030, True)}
    else:
        # The active one is demoted, and all others are behind it.
        assert wanted == {"eth0": (2010, True), "eth1": (1020, True), "eth2": (2030, True)}


def test_nothing_is_added_on_an_interface_that_cannot_hold_it() -> None:
    standings = [standing(u, UplinkState.HEALTHY, u is not THREE[1]) for u in THREE]
    plan = make_plan(Family.IPV4, standings, standing(THREE[0]), frozenset())
    assert [w.possible for w in plan.routes] == [True, False, True]
