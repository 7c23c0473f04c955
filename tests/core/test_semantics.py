"""What decisions mean, paragraph by paragraph of the design, in written worlds."""

from dataclasses import replace
from ipaddress import ip_address
from math import inf

import pytest

from route_switcher.core.vocabulary.conditions import CarrierDown
from route_switcher.core.vocabulary.events import Links, LinkState, Round
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.routes import Route, RouteKind
from route_switcher.core.vocabulary.states import Cause, RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import Family
from support.keys import v4
from support.world import RTT, World, policy, uplink

THREE = (uplink("primary", 0), uplink("secondary", 1), uplink("tertiary", 2))
ONE_OF_OURS = Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 10)
FOREIGN = Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 100, protocol=16)


def causes(world: World) -> list[Cause]:
    return [d.cause for d in world.decisions()]


# The seed: three failures fail over, sixty stable seconds fail back.


def test_three_failed_rounds_fail_over_and_sixty_stable_seconds_fail_back() -> None:
    world = World(policy()).run(10)
    world.cut("primary")
    world.run(30)
    # Cut at 10: the round sent at 10 fails, and so do those at 11 and 12, known at 13.
    assert world.switches() == [(13.0, "primary", "secondary")]
    world.mend("primary")
    world.run(200)
    # Sent at 30 (in the same instant, after the mending) or 31, and covered for 60 s.
    assert world.switches()[1:] == [(91 + RTT, "secondary", "primary")]
    assert causes(world) == [Cause.START, Cause.FAILOVER, Cause.PREFERENCE]


def test_a_decision_names_its_rule_its_evidence_and_when_the_trouble_began() -> None:
    world = World(policy()).run(10)
    world.cut("primary")
    world.run(14)
    decision = world.decisions()[-1]
    assert decision.rules == ("no-internet",)
    assert decision.since == 10.0
    assert decision.evidence == (
        "primary is failed (no-internet: 3 rounds in a row failed: no answer within 1 s)",
        "secondary is healthy (no-internet: a good round; unplugged: a good round)",
    )


def test_a_move_away_from_a_healthy_uplink_has_no_beginning_of_trouble() -> None:
    world = World(policy()).run(10)
    world.tell(Switch(world.now, "secondary", until=inf))
    assert world.decisions()[-1].selected == "secondary"
    assert world.decisions()[-1].since is None


def test_two_failures_are_not_enough() -> None:
    world = World(policy()).run(9.5)
    for _ in range(20):
        world.outage("primary", world.now + 2)
        world.run(world.now + 1)
    assert world.switches() == []


def test_one_failure_starts_the_sixty_seconds_anew() -> None:
    world = World(policy()).run(10)
    world.outage("primary", 20)
    world.run(50.5)
    world.outage("primary", 51.5)
    world.run(200)
    assert world.switches()[1:] == [(112 + RTT, "secondary", "primary")]


def test_cycles_repeat_for_ever() -> None:
    world = World(policy()).run(10)
    for _ in range(50):
        world.cut("primary")
        world.run(world.now + 100)
        assert world.active() == "secondary"
        world.mend("primary")
        world.run(world.now + 100)
        assert world.active() == "primary"
    assert len(world.switches()) == 100


def test_a_fast_interval_confirms_a_failure_sooner_at_the_same_steady_rate() -> None:
    world = World(policy(timeout=0.25, fast=0.25)).run(10)
    world.cut("primary")
    world.run(30)
    # Sent at 10, 10.25 and 10.5, the last of them lost at 10.75.
    assert world.switches() == [(10.75, "primary", "secondary")]


# Selection goes by class.


def test_never_to_an_uplink_that_is_down_too() -> None:
    world = World(policy()).run(10)
    world.cut("secondary")
    world.run(20)
    world.cut("primary")
    world.run(100)
    assert world.active() == "primary"
    assert world.switches() == []
    assert sum("staying with primary" in text for text in world.notices()) == 1


def test_with_all_failed_the_first_that_answers_is_used_at_once() -> None:
    world = World(policy(*THREE)).run(10)
    world.cut("primary", "secondary", "tertiary")
    world.run(100)
    world.mend("tertiary")
    world.run(102)
    ((at, *move),) = world.switches()
    assert at == pytest.approx(100.2 + RTT)
    assert move == ["primary", "tertiary"]
    assert causes(world)[-1] is Cause.FIRST_ANSWER


def test_its_stability_clock_runs_on_and_the_current_one_stays_among_equals() -> None:
    world = World(policy()).run(10)
    world.cut("primary", "secondary")
    world.run(100)
    world.mend("secondary")
    world.run(110)
    world.mend("primary")
    world.run(150)
    assert world.active() == "secondary"  # both recovering: nothing better than the current one
    world.run(300)
    # The secondary recovers first (at 160), then the primary is healthy and preferred.
    assert [s[1:] for s in world.switches()] == [
        ("primary", "secondary"),
        ("secondary", "primary"),
    ]
    assert world.switches()[-1][0] == pytest.approx(171 + RTT, abs=1.01)


def test_a_healthy_uplink_is_better_than_a_recovering_one() -> None:
    world = World(policy(*THREE)).run(10)
    world.cut("secondary", "primary", "tertiary")
    world.run(30)
    world.mend("tertiary")
    world.run(50)
    world.mend("primary")
    world.run(60)
    world.cut("tertiary")
    world.run(70)
    assert world.active() == "primary"  # recovering, and the only one that answers
    world.mend("secondary")
    world.run(72)
    world.cut("primary")
    world.run(80)
    assert world.active() == "secondary"


def test_the_most_preferred_of_the_healthy_ones_is_chosen() -> None:
    world = World(policy(*THREE)).run(10)
    world.cut("primary")
    world.run(20)
    assert world.active() == "secondary"
    world.cut("secondary")
    world.run(30)
    assert world.active() == "tertiary"
    world.mend("secondary", "primary")
    world.run(200)
    assert world.active() == "primary"


def test_an_unknown_uplink_is_never_moved_to() -> None:
    world = World(policy())
    world.silence("secondary")
    world.run(10)
    world.cut("primary")
    world.run(200)
    assert world.switches() == []


# A candidate must answer now.


@pytest.mark.parametrize("failures", [2, 3, 5])
@pytest.mark.parametrize("phase", [0.0, 0.05, 0.3, 0.5, 0.95])
@pytest.mark.parametrize("cut_at", [10.01, 10.04, 10.2, 10.5, 10.99])
def test_both_lines_cut_at_one_instant_move_nothing(
    failures: int, phase: float, cut_at: float
) -> None:
    world = World(policy(failures=failures), phase=lambda number: number * phase).run(cut_at)
    world.cut("primary", "secondary")
    world.run(100)
    assert world.switches() == []


def test_both_carriers_lost_at_one_instant_move_nothing() -> None:
    world = World(policy()).run(10.5)
    world.set_links(LinkState("eth0", carrier=False), LinkState("eth1", carrier=False))
    world.run(100)
    assert world.switches() == []


def test_an_order_waits_for_an_uplink_whose_latest_answer_is_old() -> None:
    world = World(policy()).run(10)
    world.silence("secondary")
    world.run(20)
    world.tell(Switch(world.now, "secondary", until=inf))
    assert world.status().health(v4("secondary")).state is UplinkState.HEALTHY
    assert world.active() == "primary"
    world.silence("secondary", silent=False)
    world.run(22)
    assert world.active() == "secondary"


@pytest.mark.parametrize(
    "link",
    [LinkState("eth1", carrier=False), LinkState("eth1", families=frozenset({Family.IPV6}))],
    ids=["no carrier", "no IPv4 address"],
)
def test_nothing_moves_to_an_uplink_whose_link_is_lost_though_it_has_just_answered(
    link: LinkState,
) -> None:
    patient = Rule("pulled", CarrierDown(for_seconds=30.0), Recover(10.0))
    one = policy(carrier=False)
    world = World(replace(one, rules=(*one.rules, patient))).run(10.5)
    world.tell(Links(world.now, (link,)))
    world.tell(Switch(world.now, "secondary", until=inf))
    assert world.status().health(v4("secondary")).state is UplinkState.HEALTHY
    assert world.active() == "primary"


def test_a_rare_second_probe_must_answer_too_but_does_not_delay_the_failover() -> None:
    one = policy()
    rare = replace(
        one.probes[0],
        name="rare",
        interval=60.0,
        fast_interval=60.0,
        down_interval=60.0,
        standby_interval=60.0,
    )
    world = World(replace(one, probes=(*one.probes, rare))).run(10)
    world.cut("primary")
    world.run(30)
    # Its last round was sent before the trouble began, so that one is asked for at once.
    assert world.switches() == [(13 + RTT, "primary", "secondary")]


# Start.


def test_without_any_default_the_most_preferred_usable_uplink_is_active_at_once() -> None:
    world = World(policy())
    assert world.active() == "primary"
    assert world.now == 0
    assert world.metrics() == {"eth0": 10, "eth1": 20}


def test_without_any_default_an_unusable_uplink_is_passed_over_and_must_prove_itself() -> None:
    down = LinkState("eth0", up=False, carrier=False)
    world = World(policy(), links=[down])
    assert world.active() == "secondary"
    world.run(10)
    world.link("primary")
    world.run(60)
    assert world.active() == "secondary"
    world.run(80)
    assert world.active() == "primary"


@pytest.mark.parametrize(
    "link",
    [LinkState("eth0", carrier=False), LinkState("eth0", families=frozenset({Family.IPV6}))],
    ids=["no carrier", "no IPv4 address"],
)
def test_without_any_default_an_uplink_needs_a_carrier_and_an_address(link: LinkState) -> None:
    assert World(policy(carrier=False), links=[link]).active() == "secondary"


def test_beside_a_foreign_default_nothing_moves_before_the_first_rounds() -> None:
    world = World(policy(), found=[FOREIGN])
    assert world.active() is None
    assert world.metrics() == {"eth0": 1010, "eth1": 1020}
    assert world.best() == FOREIGN
    world.run(1)
    assert world.active() == "primary"
    assert [d.at for d in world.decisions()] == [RTT]


def test_a_preferred_uplink_that_answers_later_is_waited_for() -> None:
    world = World(policy(), found=[FOREIGN], phase=lambda number: 0.5 - 0.5 * number).run(5)
    assert world.switches() == []
    assert world.active() == "primary"


def test_an_uplink_whose_first_round_failed_is_passed_over_until_it_is_stable() -> None:
    world = World(policy(), found=[FOREIGN])
    world.outage("primary", 0.5)
    world.run(50)
    assert world.active() == "secondary"
    world.run(100)
    assert world.active() == "primary"
    assert len(world.switches()) == 1


def test_a_silent_preferred_uplink_is_waited_for_but_not_for_ever() -> None:
    world = World(policy(), found=[FOREIGN])
    world.silence("primary")
    world.run(2.9)
    assert world.active() is None
    world.run(5)
    assert [d.at for d in world.decisions()] == [3.0]
    assert world.active() == "secondary"


def test_beside_a_foreign_default_nothing_is_moved_while_nothing_answers() -> None:
    world = World(policy(), found=[FOREIGN])
    world.cut("primary", "secondary")
    world.run(100)
    assert world.active() is None
    assert world.best() == FOREIGN
    assert sum("no uplink answers yet" in text for text in world.notices()) == 1


def test_an_unplugged_preferred_uplink_is_not_waited_for() -> None:
    unplugged = LinkState("eth0", carrier=False)
    world = World(policy(), found=[FOREIGN], links=[unplugged]).run(5)
    assert world.decisions()[0].at == pytest.approx(0.1 + RTT, abs=1e-5)
    assert world.active() == "secondary"


def test_the_first_selection_distrusts_who_failed_its_first_round_but_not_who_had_none() -> None:
    first_rounds = (0.5, 0.0, 0.6)
    world = World(policy(*THREE, timeout=0.25), found=[FOREIGN], phase=first_rounds.__getitem__)
    world.outage("secondary", 0.9)
    world.run(10)
    assert world.active() == "primary"
    assert world.status().health(v4("secondary")).state is UplinkState.RECOVERING
    assert world.status().health(v4("tertiary")).state is UplinkState.HEALTHY


def test_of_several_foreign_defaults_the_best_is_named_as_the_one_in_use() -> None:
    worse = Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 200, protocol=16)
    world = World(policy(), found=[worse, FOREIGN])
    assert f"IPv4: using {FOREIGN} until the first probe results" in world.notices()


def test_a_route_that_stops_packets_is_no_default_to_wait_beside() -> None:
    blackhole = Route(Family.IPV4, "", None, 5000, protocol=16, kind=RouteKind.BLACKHOLE)
    assert World(policy(), found=[blackhole]).active() == "primary"


def test_after_a_restart_the_uplink_at_its_own_metric_is_active_and_others_must_be_stable() -> None:
    ours = Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 20)
    demoted = Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 1010)
    world = World(policy(), found=[ours, demoted])
    assert world.active() == "secondary"
    assert world.actions == []
    world.run(59)
    assert world.active() == "secondary"
    world.run(70)
    assert world.active() == "primary"


def test_after_a_restart_the_active_uplink_need_not_prove_itself() -> None:
    world = World(policy(), found=[ONE_OF_OURS]).run(1)
    assert world.status().health(v4("primary")).state is UplinkState.HEALTHY
    assert world.status().health(v4("secondary")).state is UplinkState.RECOVERING


def test_a_route_found_at_both_metrics_counts_as_promoted() -> None:
    demoted = Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 1010)
    behind = Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 20)
    world = World(policy(), found=[ONE_OF_OURS, demoted, behind])
    assert world.active() == "primary"
    assert world.metrics() == {"eth0": 10, "eth1": 20}


def test_a_restart_fails_over_without_waiting_for_the_stable_time() -> None:
    world = World(policy(), found=[ONE_OF_OURS])
    world.cut("primary")
    world.run(10)
    assert world.active() == "secondary"


def test_only_demoted_routes_of_ours_are_no_default_at_all() -> None:
    demoted = Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 1020)
    assert World(policy(), found=[demoted]).active() == "primary"


# Unknown.


def test_unknown_rounds_leave_everything_as_it_is_and_are_warned_of_once() -> None:
    world = World(policy()).run(10.5)
    before = world.status().health(v4("secondary")).state
    world.silence("secondary")
    world.run(300)
    assert world.status().health(v4("secondary")).state is before
    warnings = [text for text in world.notices() if "nothing is known" in text]
    assert warnings == ["secondary: nothing is known of it for 30 s: delayed"]
    world.silence("secondary", silent=False)
    world.run(310)
    world.silence("secondary")
    world.run(400)
    assert sum("nothing is known" in text for text in world.notices()) == 2


def test_a_current_uplink_of_which_nothing_is_known_is_not_left_for_a_less_preferred_one() -> None:
    world = World(policy()).run(10)
    world.silence("primary")
    world.run(300)
    assert world.active() == "primary"


def test_a_round_without_its_standing_route_says_nothing() -> None:
    world = World(policy(carrier=False)).run(10.5)
    world.refusing = lambda action: None
    route = next(r for r in world.table if r.interface == "eth1")
    sent = world.now
    world.take_away(route)  # put back in the same instant, but it was away
    for _ in range(5):
        world.tell(
            Round(sent + 1, v4("secondary"), "internet", sent - 0.1, RoundOutcome.FAILED, (), "x")
        )
    health = world.status().health(v4("secondary"))
    assert health.state is UplinkState.HEALTHY
    assert health.last_reason == "its standing route was absent"


def test_link_down_is_failed_though_the_route_is_absent() -> None:
    world = World(policy(carrier=False)).run(10.5)
    world.link("secondary", up=False, carrier=False)
    world.run(15)
    assert world.status().health(v4("secondary")).state is UplinkState.FAILED


def test_a_deadline_alone_never_fails_back() -> None:
    world = World(policy()).run(10)
    world.outage("primary", 20)
    world.run(75)
    world.silence("primary")
    world.run(500)
    assert world.active() == "secondary"
    world.silence("primary", silent=False)
    world.run(550)
    assert world.active() == "secondary"  # the gap started the stable time again
    world.run(600)
    assert world.active() == "primary"


# Reload.


def test_a_reload_keeps_state_by_name() -> None:
    world = World(policy()).run(10)
    world.cut("primary")
    world.run(20)
    world.reload(policy(failures=5))
    world.run(30)
    assert world.active() == "secondary"
    assert world.status().health(v4("primary")).state is UplinkState.FAILED
    assert len(world.switches()) == 1


def test_a_changed_recover_condition_is_the_one_that_must_hold() -> None:
    world = World(policy()).run(10)
    world.cut("primary")
    world.run(20)
    world.reload(policy(stable=5))
    world.mend("primary")
    world.run(28)
    assert world.active() == "primary"


def test_a_renamed_rule_does_not_make_a_failed_uplink_healthy() -> None:
    world = World(policy()).run(10)
    world.cut("primary")
    world.run(20)
    renamed = tuple(replace(rule, name=f"new-{rule.name}") for rule in policy().rules)
    world.reload(replace(policy(), rules=renamed))
    world.mend("primary")
    world.run(50)
    assert world.active() == "secondary"
    world.run(100)
    assert world.active() == "primary"


def test_a_removed_uplink_that_comes_back_while_it_carries_the_traffic_stays_active() -> None:
    world = World(policy()).run(10)
    world.cut("secondary")
    world.run(20)
    world.reload(policy(uplink("secondary", 1)))
    world.reload(policy())
    world.run(30)
    assert world.active() == "primary"
    assert world.switches() == []


def test_a_departing_uplink_whose_interface_goes_is_not_asked_for_again() -> None:
    world = World(policy()).run(10)
    world.cut("secondary")
    world.run(20)
    world.reload(policy(uplink("secondary", 1)))
    before = len(world.actions)
    world.take_away(ONE_OF_OURS)
    world.run(50)
    assert len(world.actions) == before
    assert any("left the policy" in text for text in world.notices())


def test_a_removed_active_uplink_keeps_the_traffic_until_another_answers() -> None:
    world = World(policy()).run(10)
    world.cut("secondary")
    world.run(20)
    world.reload(policy(uplink("secondary", 1)))
    world.run(30)
    assert world.best() == ONE_OF_OURS
    world.mend("secondary")
    world.run(32)
    assert world.active() == "secondary"
    assert causes(world)[-1] is Cause.REMOVED
    assert world.metrics() == {"eth1": 20}


def test_an_uplink_that_is_removed_before_the_first_selection_was_never_active() -> None:
    world = World(policy(), found=[FOREIGN])
    world.cut("primary", "secondary")
    world.run(0.5)
    world.reload(policy(uplink("primary", 0)))
    assert not [t for t in world.notices() if "left the policy" in t]
    world.mend("primary")
    world.run(5)
    assert [d.cause for d in world.decisions()] == [Cause.START]


def test_an_uplink_that_inherits_the_metric_of_a_departing_one_stands_demoted() -> None:
    world = World(policy())
    world.silence("secondary")
    world.run(10)
    world.reload(policy(uplink("secondary", 1, metric=10)))
    assert world.metrics() == {"eth0": 10, "eth1": 1010}


def test_a_changed_preference_moves_traffic_at_once_with_that_reason() -> None:
    world = World(policy()).run(10)
    world.reload(policy(uplink("secondary", 1, metric=10), uplink("primary", 0, metric=20)))
    assert world.active() == "secondary"
    assert causes(world)[-1] is Cause.RELOAD
    assert world.metrics() == {"eth1": 10, "eth0": 20}


def test_a_changed_preference_in_ipv6_replaces_routes_without_a_gap() -> None:
    one, two = uplink("one", 0, version=6), uplink("two", 1, version=6)
    world = World(policy(one, two)).run(10)
    world.reload(policy(replace(two, metric=10), replace(one, metric=20)))
    assert world.active(Family.IPV6) == "two"
    assert world.metrics(Family.IPV6) == {"eth1": 10, "eth0": 20}


def test_a_changed_metric_is_a_change_of_the_plan_and_nothing_else() -> None:
    world = World(policy()).run(10)
    world.reload(policy(uplink("primary", 0, metric=5), uplink("secondary", 1, metric=50)))
    assert world.metrics() == {"eth0": 5, "eth1": 50}
    assert world.switches() == []


@pytest.mark.parametrize("version", [4, 6])
def test_a_changed_gateway_takes_the_place_of_the_old_one_without_a_gap(version: int) -> None:
    family = Family(version)
    one, two = uplink("one", 0, version=version), uplink("two", 1, version=version)
    world = World(policy(one, two)).run(10)
    gateway = ip_address("198.51.100.77" if version == 4 else "2001:db8:77::1")
    world.reload(policy(replace(one, gateway=gateway), two))
    best = world.best(family)
    assert best is not None
    assert best.gateway == gateway
    assert len([r for r in world.table if r.family is family]) == 2
    world.run(100)
    assert world.switches() == []


def test_a_new_uplink_starts_as_after_a_restart() -> None:
    world = World(policy(uplink("secondary", 1))).run(10)
    world.reload(policy())
    world.run(60)
    assert world.active() == "secondary"
    world.run(80)
    assert world.active() == "primary"


def test_a_new_family_gets_its_own_selection() -> None:
    world = World(policy()).run(10)
    world.reload(policy(uplink("primary", 0), uplink("secondary", 1), uplink("six", 2, 10, 6)))
    world.run(20)
    assert world.active(Family.IPV6) == "six"
    assert world.active() == "primary"


def test_a_family_that_leaves_the_policy_keeps_its_routes_and_says_so() -> None:
    both = policy(uplink("primary", 0), uplink("six", 2, 10, 6))
    world = World(both).run(10)
    world.reload(policy(uplink("primary", 0)))
    assert world.best(Family.IPV6) is not None
    assert any("IPv6 has no uplink any more" in text for text in world.notices())


def test_a_round_sent_before_a_reload_took_its_uplink_away_is_nothing() -> None:
    world = World(policy()).run(10)
    world.reload(policy(uplink("primary", 0)))
    world.tell(Round(10.1, v4("secondary"), "internet", 10, RoundOutcome.GOOD))
    world.tell(Round(10.1, v4("primary"), "gone", 10, RoundOutcome.FAILED))
    assert world.active() == "primary"


# The operator.


def test_an_order_moves_at_once_and_ends() -> None:
    world = World(policy()).run(10)
    world.tell(Switch(world.now, "secondary", until=100))
    assert world.active() == "secondary"
    world.run(99)
    assert world.active() == "secondary"
    world.run(101)
    assert world.switches()[-1] == (100.0, "secondary", "primary")


def test_an_order_for_an_uplink_that_is_not_healthy_is_refused() -> None:
    world = World(policy())
    world.cut("secondary")
    world.run(10)
    world.tell(Switch(world.now, "secondary", until=inf))
    assert world.active() == "primary"
    assert "refused" in world.notices()[-1]


def test_an_order_yields_while_its_uplink_is_failed_and_returns_when_it_recovers() -> None:
    world = World(policy()).run(10)
    world.tell(Switch(world.now, "secondary", until=inf))
    world.cut("secondary")
    world.run(20)
    assert world.active() == "primary"
    world.mend("secondary")
    world.run(100)
    assert world.active() == "secondary"
    world.tell(Release(world.now, "secondary"))
    assert world.active() == "primary"


def test_a_forced_order_stays_whatever_happens() -> None:
    world = World(policy())
    world.cut("secondary")
    world.run(10)
    world.tell(Switch(world.now, "secondary", until=inf, force=True))
    world.run(100)
    assert world.active() == "secondary"


def test_an_order_that_ends_before_the_first_selection_wakes_the_engine_once() -> None:
    world = World(policy(), found=[FOREIGN])
    world.cut("primary", "secondary")
    world.tell(Switch(0.0, "secondary", until=5, force=True))
    assert world.active() == "secondary"
    world.run(20)
    assert world.engine.deadline() > world.now


def test_an_order_for_an_uplink_whose_route_is_refused_is_refused_too() -> None:
    world = World(policy()).run(10)
    world.refusing = lambda a: "no memory" if a.route.metric == 20 else None
    world.take_away(*[r for r in world.table if r.interface == "eth1"])
    world.tell(Switch(world.now, "secondary", until=inf, force=True))
    assert world.active() == "primary"
    assert "the kernel refused its route: no memory" in world.notices()[-1]


def test_an_order_is_kept_over_a_reload_and_ends_with_its_uplink() -> None:
    world = World(policy()).run(10)
    world.tell(Switch(world.now, "secondary", until=inf))
    world.reload(policy(failures=4))
    world.run(20)
    assert world.active() == "secondary"
    world.reload(policy(uplink("primary", 0)))
    world.run(30)
    assert world.active() == "primary"


def test_an_order_for_an_unknown_uplink_says_so() -> None:
    world = World(policy()).run(10)
    world.tell(Switch(world.now, "tertiary", until=inf))
    assert world.notices() == ["there is no uplink tertiary"]


# The outcome of a change is an event.


def test_an_uplink_whose_route_was_refused_is_not_selected_until_something_changes() -> None:
    world = World(policy(*THREE)).run(10)
    world.cut("secondary")
    world.run(20)  # the secondary failed: its standing route is demoted
    world.mend("secondary")
    world.refusing = lambda a: "taken" if a.route.metric == 20 else None
    world.run(81)
    world.cut("primary")
    tried = len(world.notices())
    world.run(200)
    assert world.active() == "tertiary"
    refusals = [t for t in world.notices()[tried:] if t.startswith("refused")]
    assert len(refusals) <= 1  # no retry storm
    world.refusing = lambda a: None
    world.run(500)  # it is asked for again after a pause, though nothing told of a change
    assert world.active() == "secondary"


def test_a_refused_demotion_goes_one_step_further_up() -> None:
    world = World(policy()).run(10)
    world.put(Route(Family.IPV4, "eth9", None, 1010, protocol=16))
    world.cut("primary")
    world.run(20)
    assert world.metrics() == {"eth0": 2010, "eth1": 20}
    world.mend("primary")
    world.run(100)
    assert world.metrics() == {"eth0": 10, "eth1": 20}


def test_a_start_beside_a_foreign_route_at_the_demoted_metric_selects_all_the_same() -> None:
    foreign = Route(Family.IPV4, "eth9", None, 1010, protocol=16)
    world = World(policy(), found=[foreign]).run(5)
    assert world.active() == "primary"


def test_a_metric_that_a_foreign_route_holds_is_tried_again_only_when_it_is_free() -> None:
    world = World(policy()).run(10)
    foreign = Route(Family.IPV4, "eth9", None, 10, protocol=16)
    world.link("primary", up=False, carrier=False)
    world.put(foreign)
    world.link("primary")
    world.run(100)
    before = len(world.decisions())
    for _ in range(20):
        world.link("primary")
        world.run(world.now + 50)
    assert len(world.decisions()) == before
    world.take_away(foreign)
    world.run(world.now + 2)
    assert world.active() == "primary"


def test_a_demotion_that_is_refused_at_every_metric_does_not_block_the_failover() -> None:
    world = World(policy()).run(10)
    world.refusing = lambda a: "no memory" if a.route.metric in (1010, 2010) else None
    world.cut("primary")
    world.run(20)
    assert world.active() == "secondary"
    best = world.best()
    assert best is not None
    assert best.interface == "eth1"


def test_rounds_through_an_uplink_whose_route_is_refused_fail_with_that_reason() -> None:
    world = World(policy(carrier=False)).run(10)
    world.refusing = lambda a: "no such gateway" if a.route.interface == "eth1" else None
    world.take_away(*[r for r in world.table if r.interface == "eth1"])
    world.run(20)
    health = world.status().health(v4("secondary"))
    assert health.state is UplinkState.FAILED
    assert "its route was refused: no such gateway" in health.evidence


# What others do to the table.


def test_a_route_that_somebody_deletes_is_put_back() -> None:
    world = World(policy()).run(10)
    world.take_away(*world.table)
    assert world.metrics() == {"eth0": 10, "eth1": 20}


def test_foreign_routes_are_never_touched() -> None:
    world = World(policy(), found=[FOREIGN])
    world.run(10)
    world.cut("primary")
    world.run(20)
    assert FOREIGN in world.table
    assert all(action.route.ours for _, action in world.actions)


@pytest.mark.parametrize("kind", [RouteKind.UNICAST, RouteKind.UNREACHABLE])
def test_a_foreign_route_in_the_way_is_named_with_the_remedy_when_it_comes_and_goes(
    kind: RouteKind,
) -> None:
    interface = "eth1" if kind is RouteKind.UNICAST else ""
    foreign = Route(Family.IPV4, interface, None, 15, protocol=16, kind=kind)
    world = World(policy()).run(10)
    world.put(foreign)
    world.run(20)
    (warning,) = [t for t in world.notices() if "in the way" in t]
    assert f"ip route del {foreign} proto dhcp" in warning
    world.take_away(foreign)
    assert world.notices()[-1].startswith("foreign route out of the way")


def test_a_foreign_route_in_the_way_is_told_of_once_and_so_is_its_end() -> None:
    foreign = Route(Family.IPV4, "eth1", None, 15, protocol=16)
    world = World(policy()).run(10)
    for _ in range(3):
        world.put(foreign)
    assert len([t for t in world.notices() if "route in the way" in t]) == 1
    assert not [t for t in world.notices() if "out of the way" in t]
    for _ in range(3):
        world.take_away(foreign)
    assert len([t for t in world.notices() if "out of the way" in t]) == 1


def test_a_foreign_route_behind_ours_is_no_obstacle() -> None:
    world = World(policy(), found=[FOREIGN]).run(10)
    assert not [t for t in world.notices() if "in the way" in t]


@pytest.mark.parametrize(("metric", "named"), [(21, True), (1020, True), (1021, False)])
def test_what_stops_the_probes_of_a_demoted_uplink_is_an_obstacle(metric: int, named: bool) -> None:
    foreign = Route(Family.IPV4, "", None, metric, protocol=16, kind=RouteKind.UNREACHABLE)
    world = World(policy(), found=[foreign]).run(10)
    assert any("a failed one never recovers" in t for t in world.notices()) == named


def test_news_of_a_link_whose_route_is_refused_leads_to_no_move() -> None:
    world = World(policy()).run(10)
    world.refusing = lambda a: "no such gateway" if a.route.interface == "eth0" else None
    world.take_away(*[r for r in world.table if r.interface == "eth0"])
    world.link("primary")
    assert [selected for _, _, selected in world.switches()] == ["secondary"]


def test_an_interface_that_is_missing_may_come_later() -> None:
    world = World(policy()).run(10)
    world.link("primary", present=False, up=False, carrier=False)
    world.run(20)
    assert world.active() == "secondary"
    assert world.metrics() == {"eth1": 20}
    world.link("primary")
    assert world.metrics() == {"eth1": 20, "eth0": 1010}
    world.run(100)
    assert world.active() == "primary"


def test_trouble_of_a_standby_touches_its_own_standing_route_only() -> None:
    world = World(policy()).run(10)
    before = len(world.actions)
    world.outage("secondary", 20)
    world.run(100)
    assert {a.route.interface for _, a in world.actions[before:]} == {"eth1"}
    assert world.switches() == []


# Long intervals.


@pytest.mark.parametrize("lost", ["a good round", "an unknown round"])
def test_while_nothing_answers_rounds_are_asked_for_every_second(lost: str) -> None:
    world = World(policy(interval=60, timeout=1)).run(150)
    world.cut("primary", "secondary")
    world.run(400)
    if lost == "an unknown round":
        world.silence("secondary")
    world.run(403)
    assert world.active() == "primary"
    world.mend("secondary")
    world.silence("secondary", silent=False)
    world.run(406)
    assert world.active() == "secondary"


def test_rounds_are_asked_for_again_after_the_route_of_the_failed_one_was_refused() -> None:
    rules = policy()
    slowly = replace(rules.probes[0], down_interval=60.0)
    world = World(replace(rules, probes=(slowly,))).run(10)
    world.cut("primary", "secondary")
    world.run(30)
    world.refusing = lambda action: "no memory" if action.route.interface == "eth0" else None
    world.take_away(*[route for route in world.table if route.interface == "eth0"])
    world.run(35)
    world.refusing = lambda _: None
    world.run(110)
    assert world.metrics()["eth0"] == 10
    world.mend("secondary")
    world.run(113)
    assert world.active() == "secondary"


def test_a_rare_probe_is_not_taken_for_a_silent_one() -> None:
    world = World(policy(interval=60)).run(3600)
    assert world.notices() == []


# Families.


def test_the_families_are_decided_one_by_one() -> None:
    four = (uplink("primary", 0), uplink("secondary", 1))
    six = (uplink("primary6", 0, version=6), uplink("secondary6", 1, version=6))
    world = World(policy(*four, *six)).run(10)
    world.link("primary", carrier=False)
    world.run(20)
    assert world.active(Family.IPV4) == "secondary"
    assert world.active(Family.IPV6) == "secondary6"
    assert world.metrics(Family.IPV6) == {"eth0": 1010, "eth1": 20}


def test_a_start_at_which_no_uplink_can_be_used_says_so_once() -> None:
    down = [LinkState(f"eth{n}", present=False, up=False, carrier=False) for n in (0, 1)]
    world = World(policy(), links=down).run(300)
    assert sum("no uplink answers yet" in text for text in world.notices()) == 1
    world.link("secondary")
    assert world.active() == "secondary"
