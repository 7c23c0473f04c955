"""After a switch the targets are asked by the default route: what is asked, and what follows."""

from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

import pytest

from route_switcher.core.after_switch.confirmation import LIMIT
from route_switcher.core.vocabulary.conditions import (
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.effects import Verify
from route_switcher.core.vocabulary.events import Event, Start, Verified, Ways
from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute, RouteScope
from route_switcher.core.vocabulary.lookups import Lookup
from route_switcher.core.vocabulary.policy import HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.routes import PROTOCOL, RouteKind
from route_switcher.core.vocabulary.states import Cause, RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.vocabulary.ways import Findings
from support.keys import v4
from support.pinging import pinging, target
from support.world import World, policy, uplink

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
T1, T2, T3 = (f"203.0.113.{n}" for n in (1, 2, 3))


def rules_of(*rules: Rule, targets: tuple[str, ...] = (T1,), quorum: Any = "any") -> Policy:
    base = policy(uplink("a", 0), uplink("b", 1), stable=20.0)
    probe = pinging("internet", *map(target, targets), quorum=quorum)
    return replace(base, probes=(probe,), rules=rules or base.rules)


class Checked(World):
    """The kernel says after each decision that all targets leave by the active uplink, but those
    in `astray`. Rounds by the default route come to what `outcomes` says, uplink by uplink."""

    def __init__(self, rules: Policy, outcomes: dict[str, RoundOutcome]) -> None:
        self.outcomes = outcomes
        self.astray: set[str] = set()
        self.asked: list[Verify] = []
        super().__init__(rules)

    def _give(self, event: Event) -> None:
        super()._give(replace(event, asks=True) if isinstance(event, Start) else event)

    def _handle(self, event: Event) -> None:
        before = len(self.decisions())
        super()._handle(event)
        if len(self.decisions()) > before:
            self.answer_ways()

    def answer_ways(self) -> None:
        """The kernel is asked, and then the targets are."""
        seen = len(self.outputs)
        self.tell(Ways(self.now, Findings(dict(map(self._answer, self._targets())))))
        for output in self.outputs[seen:]:
            if isinstance(output, Verify):
                self.asked.append(output)
                outcome = self.outcomes.get(output.uplink.name, GOOD)
                rounds = tuple((each.probe, outcome, "no answer") for each in output.rounds)
                self.tell(Verified(self.now, output.uplink, output.decided_at, rounds))

    def _targets(self) -> list[str]:
        return [t.name for probe in self.policy.probes for t in probe.targets_for(Family.IPV4)]

    def _answer(self, name: str) -> tuple[Lookup, KernelRoute]:
        best = self.best()
        assert best is not None
        interface = "tun0" if name in self.astray else best.interface
        route = KernelRoute(
            family=Family.IPV4,
            table=best.table,
            protocol=PROTOCOL,
            kind=RouteKind.UNICAST,
            scope=RouteScope.UNIVERSE,
            metric=best.metric,
            hops=(KernelHop(interface, None if name in self.astray else best.gateway),),
        )
        return Lookup(ip_address(name)), route


def moves(world: World) -> list[tuple[str, Cause]]:
    """Where the traffic went, and why; the first selection left out."""
    return [(d.selected, d.cause) for d in world.decisions() if d.previous]


OUTAGE_ENDS = 30.0
STABLE = 20.0


def returned(world: Checked, until: float) -> Checked:
    """After a fails over to b, and is back."""
    world.run(10)
    world.outage("a", OUTAGE_ENDS)
    world.run(until)
    return world


def test_after_a_switch_the_targets_of_the_judging_probes_are_asked() -> None:
    world = returned(Checked(rules_of(targets=(T1, T2, T3), quorum=2), {}), 100)
    assert [verify.uplink for verify in world.asked] == [v4("b"), v4("a")]
    (round_,) = world.asked[0].rounds
    assert [t.name for t in round_.targets] == [T1, T2, T3]
    assert round_.needed == 2
    assert moves(world) == [("b", Cause.FAILOVER), ("a", Cause.PREFERENCE)]


class AskedLate(Checked):
    """As on a busy machine: the kernel says it only when the test calls `answer_ways`."""

    def _handle(self, event: Event) -> None:
        World._handle(self, event)


def test_where_the_kernel_is_asked_late_the_switch_is_verified_all_the_same() -> None:
    late = OUTAGE_ENDS + STABLE + 1 + LIMIT + 1
    world = returned(AskedLate(rules_of(), {"a": FAILED}), late)
    assert moves(world) == [("b", Cause.FAILOVER), ("a", Cause.PREFERENCE)]
    world.tell(Ways(world.now, Findings({})))  # about other families
    assert world.asked == []
    world.answer_ways()
    assert [verify.uplink for verify in world.asked] == [v4("a")]
    assert moves(world)[2:] == [("b", Cause.UNDONE)]


def test_a_switch_is_verified_once_however_often_the_kernel_is_asked() -> None:
    world = returned(AskedLate(rules_of(), {}), OUTAGE_ENDS + STABLE + 1 + LIMIT + 1)
    for _ in range(3):
        world.answer_ways()
        world.run(world.now + 60)
    assert [verify.uplink for verify in world.asked] == [v4("a")]


def test_a_probe_that_no_rule_asks_is_not_asked() -> None:
    rules = rules_of()
    other = pinging("office", target(T2))
    world = returned(Checked(replace(rules, probes=(*rules.probes, other)), {}), 40)
    assert [each.probe for each in world.asked[0].rounds] == ["internet"]


def test_at_the_first_selection_nothing_is_asked() -> None:
    world = Checked(rules_of(), {})
    world.run(10)
    assert world.asked == []


def test_a_voluntary_move_that_gets_no_answers_is_undone() -> None:
    world = returned(Checked(rules_of(), {"a": FAILED}), OUTAGE_ENDS + STABLE + 3)
    assert moves(world) == [
        ("b", Cause.FAILOVER),
        ("a", Cause.PREFERENCE),
        ("b", Cause.UNDONE),
    ]
    back, undone = world.decisions()[-2:]
    assert undone.at == back.at
    assert world.status().health(v4("a")).state is UplinkState.RECOVERING
    (notice,) = (text for text in world.notices() if "undone" in text)
    assert notice == (
        "IPv4: a was selected, but what is sent by the default route gets no answer (internet: no"
        " answer). The switch is undone, and a must prove itself again"
    )


def test_then_it_serves_its_whole_recover_condition() -> None:
    world = returned(Checked(rules_of(), {"a": FAILED}), OUTAGE_ENDS + STABLE + 3)
    undone = world.now
    world.outcomes.clear()
    world.run(undone + STABLE - 4)
    assert world.active() == "b"
    world.run(undone + STABLE + 3)
    assert world.active() == "a"
    assert len(world.switches()) == 4


RECOVERS = {
    "at once": Recover(0.0),
    "after some rounds": Recover(0.0, ConsecutiveSuccesses("internet", 5)),
    "by a window": Recover(0.0, Within(Measure.LOSS, "internet", 0.1, 15.0)),
}


@pytest.mark.parametrize("case", RECOVERS)
def test_however_it_recovers_it_is_not_returned_to_at_once(case: str) -> None:
    rule = Rule("no-internet", ConsecutiveFailures("internet", 3), RECOVERS[case])
    world = returned(Checked(rules_of(rule), {"a": FAILED}), OUTAGE_ENDS + 400)
    moved = [d.at for d in world.decisions() if d.cause is Cause.PREFERENCE]
    pauses = [later - sooner for sooner, later in pairwise(moved)]
    # Longer each time, so that what stays wrong does not move the traffic for ever.
    assert pauses[0] >= (15.0 if case == "by a window" else 10.0)
    assert pauses == sorted(pauses)
    assert pauses[-1] > 100
    assert len(world.switches()) < 16


def test_answers_by_the_default_route_end_the_growing_pauses() -> None:
    rule = Rule("no-internet", ConsecutiveFailures("internet", 3), Recover(0.0))
    world = returned(Checked(rules_of(rule), {"a": FAILED}), OUTAGE_ENDS + 100)
    world.outcomes.clear()
    world.run(world.now + 200)
    assert world.active() == "a"
    world.outage("a", world.now + 20)
    world.outcomes["a"] = FAILED
    world.run(world.now + 8)
    assert world.decisions()[-1].cause is Cause.UNDONE
    undone = world.now
    world.run(undone + 15)
    assert any(d.cause is Cause.PREFERENCE and d.at > undone for d in world.decisions())


def test_min_stay_and_budgets_do_not_hold_up_what_is_undone() -> None:
    rules = replace(rules_of(), hold_back=HoldBack(min_stay=30.0, switches_per_hour=2))
    world = returned(Checked(rules, {"a": FAILED}), OUTAGE_ENDS + STABLE + 40)
    assert [cause for _, cause in moves(world)] == [
        Cause.FAILOVER,
        Cause.PREFERENCE,
        Cause.UNDONE,
    ]


def test_after_a_forced_move_it_is_only_told() -> None:
    world = returned(Checked(rules_of(), {"b": FAILED}), 25)
    assert moves(world) == [("b", Cause.FAILOVER)]
    (notice,) = (text for text in world.notices() if "by the default route" in text)
    assert notice.startswith("IPv4: b was selected, but what is sent by the default route gets no")


def test_after_an_order_it_is_only_told() -> None:
    world = Checked(rules_of(), {"b": FAILED})
    world.run(10)
    world.switch("b")
    world.run(20)
    assert moves(world) == [("b", Cause.OPERATOR)]
    assert any("by the default route" in text for text in world.notices())


def test_where_the_uplink_before_has_failed_meanwhile_nothing_is_undone() -> None:
    world = returned(Checked(rules_of(), {"a": UNKNOWN}), OUTAGE_ENDS + STABLE + 3)
    assert world.active() == "a"
    back = world.decisions()[-1]
    world.link("b", carrier=False)
    rounds = (("internet", FAILED, "no answer"),)
    world.tell(Verified(world.now, v4("a"), back.at, rounds))
    assert world.active() == "a"
    assert any("The traffic stays there: b is failed" in text for text in world.notices())


def test_what_is_said_of_an_earlier_switch_does_not_count() -> None:
    world = returned(Checked(rules_of(), {"a": UNKNOWN}), OUTAGE_ENDS + STABLE + 3)
    rounds = (("internet", FAILED, "no answer"),)
    world.tell(Verified(world.now, v4("a"), 10.0, rounds))
    world.tell(Verified(world.now, v4("b"), world.decisions()[-1].at, rounds))
    assert world.active() == "a"


def test_one_probe_that_gets_answers_is_enough() -> None:
    world = returned(Checked(rules_of(), {"a": UNKNOWN}), OUTAGE_ENDS + STABLE + 3)
    rounds = (("internet", FAILED, "no answer"), ("office", GOOD, ""))
    world.tell(Verified(world.now, v4("a"), world.decisions()[-1].at, rounds))
    assert world.active() == "a"


def test_targets_that_leave_another_way_are_not_asked() -> None:
    world = Checked(rules_of(targets=(T1, T2), quorum="all"), {"a": FAILED})
    world.astray = {T1}
    returned(world, 40)
    (round_,) = world.asked[0].rounds
    assert [t.name for t in round_.targets] == [T2]
    assert round_.needed == 1


def test_where_all_leave_another_way_nothing_is_judged() -> None:
    world = Checked(rules_of(), {"a": FAILED, "b": FAILED})
    world.astray = {T1}
    returned(world, OUTAGE_ENDS + STABLE + 3)
    assert world.asked == []
    assert moves(world) == [("b", Cause.FAILOVER), ("a", Cause.PREFERENCE)]


def test_a_target_that_is_dead_everywhere_is_not_asked() -> None:
    world = Checked(rules_of(targets=(T1, T2), quorum="all"), {})
    answer = world.answer

    def dead(uplink: Any, probe: str, asked: Any, sent_at: float) -> Any:
        return None if asked.name == T1 else answer(uplink, probe, asked, sent_at)

    world.answer = dead  # type: ignore[method-assign, assignment]
    returned(world, 40)
    assert [t.name for t in world.asked[0].rounds[0].targets] == [T2]
