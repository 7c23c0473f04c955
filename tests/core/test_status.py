"""The status says what the engine knows, as values that stay as they were."""

from dataclasses import FrozenInstanceError, replace
from math import inf

import pytest

from route_switcher.core.vocabulary.conditions import Beyond, Measure, Within
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Damping, HoldBack, Recover, Rule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause, RuleState, UplinkState
from route_switcher.core.vocabulary.status import FamilyStatus, Override, UplinkStatus
from route_switcher.core.vocabulary.uplinks import Family
from support.answering import UNPLUGGED, Net, policy
from support.world import World
from support.world import policy as seed
from support.world import uplink as seed_uplink


def family(net: Net) -> FamilyStatus:
    (only,) = net.world.engine.status(net.now).families
    return only


def uplinks(net: Net) -> tuple[UplinkStatus, UplinkStatus]:
    a, b = family(net).uplinks
    return a, b


def test_while_all_is_well_it_says_who_is_active_since_when_and_why() -> None:
    net = Net(policy()).run(100)
    status = family(net)
    assert (status.family, status.active, status.departing) == (Family.IPV4, "a", None)
    assert (status.since, status.cause) == (0.0, Cause.START)
    assert (status.override, status.awaited, status.awaited_until) == (None, "", inf)
    a, b = uplinks(net)
    assert [x.health.uplink.name for x in (a, b)] == ["a", "b"]
    for each in (a, b):
        assert each.health.state is UplinkState.HEALTHY
        assert 99 <= each.health.last_good == each.health.last_known <= 100
        assert each.health.link == LinkState(each.health.uplink.interface)
        assert each.health.routable
        assert (each.unfit, each.refused, each.proving_until) == ("", (), -inf)
        assert (each.health.damped_until, each.health.failing_since) == (-inf, -inf)
        assert all(rule.state is RuleState.OK for rule in each.health.rules)


def test_a_failed_uplink_says_which_rule_failed_it_since_when_and_why() -> None:
    net = Net(policy()).run(100.25)
    net.cut("a")
    net.run(120)
    status, (a, b) = family(net), uplinks(net)
    assert (status.active, status.cause) == ("b", Cause.FAILOVER)
    assert 103 < status.since < 105
    assert a.health.state is UplinkState.FAILED
    assert a.health.failed_rules == ("no-internet",)
    (rule,) = [rule for rule in a.health.rules if rule.state is RuleState.FAILED]
    assert rule.since == status.since
    assert rule.evidence
    assert rule.evidence in a.health.evidence
    assert 99 < a.health.last_good < a.health.failing_since == 101
    assert a.health.failing_for == 120 - a.health.failing_since
    assert a.health.silent
    assert not a.health.link_lost
    assert a.unfit
    assert not b.unfit


def test_one_that_recovers_says_how_far_it_is() -> None:
    net = Net(policy()).run(100.25)
    net.cut("a")
    net.run(120)
    net.mend("a")
    net.run(131)
    a, _ = uplinks(net)
    assert a.health.state is UplinkState.RECOVERING
    assert a.health.stable == 20
    assert 8 < a.health.proven < 11


def test_one_that_recovers_says_when_and_why_its_stable_time_began_again() -> None:
    net = Net(policy()).run(100.25)
    net.cut("a")
    net.run(120)
    net.mend("a")
    net.run(131)
    (rule, *_) = uplinks(net)[0].health.rules
    assert (rule.state, rule.stable, rule.setback) == (RuleState.RECOVERING, 20, None)
    net.cut("a")
    net.run(132.5)
    net.mend("a")
    net.run(140)
    (rule, *_) = uplinks(net)[0].health.rules
    assert rule.state is RuleState.RECOVERING
    assert rule.setback is not None
    assert 132 <= rule.setback.at <= 133
    assert 8 < rule.setback.proven < 13
    assert rule.setback.reason == "no answer within 1 s"
    assert rule.proven < 9
    net.run(200)
    (rule, *_) = uplinks(net)[0].health.rules
    assert (rule.state, rule.setback) == (RuleState.OK, None)


def test_a_lost_link_and_a_time_of_silence_are_setbacks_too() -> None:
    net = Net(policy()).run(100.25)
    net.unplug("eth0")
    net.run(120)
    net.world.set_links(LinkState("eth0"))
    net.run(130)
    net.unplug("eth0")
    (_, unplugged, _) = uplinks(net)[0].health.rules
    assert unplugged.state is RuleState.FAILED
    assert unplugged.setback is None
    world = World(seed()).run(100)
    world.cut("primary")
    world.run(120)
    world.mend("primary")
    world.run(140)
    world.silence("primary")
    world.run(160)
    world.silence("primary", False)
    world.run(170)
    (status,) = world.engine.status(170).families
    rule = status.uplinks[0].health.rules[0]
    assert rule.state is RuleState.RECOVERING
    assert rule.setback is not None
    assert rule.setback.reason == "nothing was known of it for too long"


def test_a_recover_condition_is_told_while_it_matters() -> None:
    lossy = Rule(
        "lossy",
        Beyond(Measure.LOSS, "internet", 0.2, 10.0),
        Recover(5.0, Within(Measure.LOSS, "internet", 0.02, 30.0)),
    )
    net = Net(policy(rules=(lossy, UNPLUGGED))).run(100.25)
    assert {rule.recover for rule in uplinks(net)[0].health.rules} == {""}
    net.cut("a")
    net.run(120)
    assert uplinks(net)[0].health.rules[0].recover.startswith("loss ")
    net.mend("a")
    net.run(130)
    assert uplinks(net)[0].health.rules[0].recover.endswith(" % over 30 s")


def test_it_says_whether_an_uplink_answers_and_what_the_latest_decision_was() -> None:
    net = Net(policy()).run(100.25)
    assert [u.health.answers for u in uplinks(net)] == [True, True]
    net.cut("a")
    net.run(120)
    assert [u.health.answers for u in uplinks(net)] == [False, True]
    decision = family(net).decision
    assert decision is not None
    assert (decision.previous, decision.selected) == ("a", "b")
    assert decision in net.outputs
    net.unplug("eth1")
    assert [u.health.answers for u in uplinks(net)] == [False, False]


def test_with_nowhere_to_go_it_waits_for_an_answer() -> None:
    net = Net(policy()).run(100.25)
    net.cut("a", "b")
    net.run(120)
    status, (_, b) = family(net), uplinks(net)
    assert (status.active, status.awaited) == ("a", "another uplink that answers")
    assert b.unfit == "it does not answer"


def test_a_move_that_is_held_back_says_by_what_and_until_when() -> None:
    net = Net(policy(hold_back=HoldBack(min_stay=500.0))).run(100.25)
    net.cut("a")
    net.run(120)
    net.mend("a")
    net.run(150)
    status = family(net)
    assert (status.active, status.awaited_until) == ("b", status.since + 500)
    assert status.awaited == "a could take over: min_stay 500 s"


def test_one_that_is_damped_says_until_when() -> None:
    damping = Damping(half_life=300.0, suppress=0.5, reuse=0.25, max_hold=600.0)
    net = Net(policy(hold_back=HoldBack(damping=damping))).run(100.25)
    net.cut("a")
    net.run(120)
    a, _ = uplinks(net)
    until = a.health.damped_until
    assert 400 < until < inf
    net.mend("a")
    net.run(until + 1)
    a, _ = uplinks(net)
    assert a.health.damped_until == -inf


def test_an_order_and_a_removed_uplink_are_shown() -> None:
    net = Net(policy()).run(100)
    net.world.switch("b", seconds=60, force=True)
    assert family(net).override == Override("b", 160, force=True)
    assert family(net).cause is Cause.OPERATOR
    net.run(161)
    assert family(net).override is None
    first = net.world.policy.uplinks[0]
    net.cut("a", "b")
    net.run(180)
    net.world.reload(policy(replace(first, name="c", interface="eth7")))
    status = family(net)
    assert (status.active, status.departing) == (None, "a")
    assert status.awaited == "another uplink that answers"


def test_before_the_first_selection_it_says_how_long_it_waits() -> None:
    found = Route(Family.IPV4, "lan0", seed_uplink("x", 9).written_gateway, 500, protocol=16)
    world = World(seed(), found=[found])
    (status,) = world.engine.status(0.0).families
    assert (status.active, status.cause, status.since) == (None, None, -inf)
    assert status.awaited == "the first answers"
    assert 0 < status.awaited_until < inf
    assert {u.health.state for u in status.uplinks} == {UplinkState.UNKNOWN}
    assert {u.health.last_known for u in status.uplinks} == {-inf}


def test_what_the_kernel_refused_and_foreign_routes_in_the_way_are_shown() -> None:
    foreign = Route(Family.IPV4, "lan0", seed_uplink("x", 9).written_gateway, 5, protocol=16)
    world = World(seed())
    world.refusing = lambda action: "no way" if action.route.interface == "eth1" else None
    world.run(10)
    world.take_away(*(route for route in world.table.routes if route.interface == "eth1"))
    world.put(foreign)
    (status,) = world.engine.status(10.0).families
    assert status.conflicts == (foreign,)
    primary, secondary = status.uplinks
    assert primary.refused == ()
    assert {(r.route.interface, r.reason) for r in secondary.refused} == {("eth1", "no way")}
    assert all(refused.again_at > 10 for refused in secondary.refused)
    assert secondary.unfit == "the kernel refused its route (no way)"


def test_a_route_of_ours_that_the_kernel_does_not_delete_is_shown() -> None:
    world = World(seed()).run(10)
    world.refusing = lambda action: "stays" if action.change.value == "delete" else None
    world.reload(seed(seed_uplink("primary", 0)))
    (status,) = world.engine.status(10.0).families
    assert [(r.route.interface, r.reason) for r in status.undeletable] == [("eth1", "stays")]


def test_a_status_stays_as_it_was_and_cannot_be_changed() -> None:
    net = Net(policy()).run(100)
    before, again = (net.world.engine.status(net.now) for _ in range(2))
    assert before == again
    net.cut("a")
    net.run(200)
    assert before == again
    assert before != net.world.engine.status(net.now)
    with pytest.raises(FrozenInstanceError):
        before.families[0].uplinks[0].health.state = UplinkState.FAILED  # type: ignore[misc]


def test_to_ask_changes_nothing() -> None:
    """A world that is asked all the time decides as one that nobody asks."""

    def outputs(step: float) -> list[object]:
        net = Net(policy(hold_back=HoldBack(min_stay=30.0)))
        for number in range(1, 10):
            net.cut("ab"[number % 2])
            net.unplug(f"eth{number % 2}") if number % 4 == 0 else None
            for _ in range(int(32 / step)):
                net.run(net.now + step)
                net.world.engine.status(net.now)
            net.mend("ab"[number % 2])
            net.world.set_links(LinkState("eth0"), LinkState("eth1"))
            net.run(net.now + 48)
        return [*net.outputs]

    assert outputs(0.125) == outputs(32.0)
