"""Every output and every event of the core is known wherever they are told apart.

A new one fails here, or in the type checker, at each place that does not know it.
"""

import logging
from dataclasses import replace
from math import inf
from typing import get_args

import pytest

from route_switcher.core.engine import Engine
from route_switcher.core.messages import describe
from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.core.vocabulary.effects import (
    AskWays,
    EndConnections,
    LeaveOut,
    ProbeNow,
    Reconcile,
    RunHook,
    SpeedChange,
    Verify,
    VerifyingRound,
)
from route_switcher.core.vocabulary.events import (
    Answer,
    Answers,
    Applied,
    ConnectionsEnded,
    Event,
    HookEnded,
    LastDelivered,
    Links,
    LinkState,
    NextHops,
    Refused,
    RefusedRule,
    Reload,
    Round,
    Routes,
    Start,
    Tick,
    Verified,
    Ways,
)
from route_switcher.core.vocabulary.hooks import Delivered, Hook, HookKind
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import (
    Decision,
    Level,
    Notice,
    Output,
    RouteLost,
    RoutingRuleLost,
    RuleChange,
)
from route_switcher.core.vocabulary.policy_rules import PREFERENCE, RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.states import Cause, RoundOutcome, RuleState, Speed
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.vocabulary.ways import Findings
from route_switcher.daemon.observers import LogObserver
from support.pinging import target
from support.world import policy

POLICY = policy()
UPLINK = POLICY.uplinks[0]
LINKS = tuple(LinkState(uplink.interface) for uplink in POLICY.uplinks)
ANSWER = Answer(target("203.0.113.1"), 0.02)
ROUTE = Route(Family.IPV4, UPLINK.interface, UPLINK.written_gateway, UPLINK.metric)
ADDED = RouteAction(Change.ADD, ROUTE, "standing route")
RULE = RoutingRuleAction(Change.ADD, RoutingRule(Family.IPV4, PREFERENCE, 115), "is to stand here")
HOOK = Hook(HookKind.ON_ALL_DOWN, ("/bin/true",))
MOMENT = Moment(at=1.0, kind=HookKind.ON_ALL_DOWN, family=Family.IPV4, uplink=None)
VERIFYING = VerifyingRound("internet", IcmpEcho(), (target("203.0.113.1"),), 1, 1.0)

OUTPUTS: dict[type[Output], Output] = {
    Decision: Decision(1.0, Family.IPV4, None, UPLINK.name, Cause.START),
    RuleChange: RuleChange(1.0, UPLINK.id, "r", RuleState.OK, RuleState.FAILED, "no answer"),
    Notice: Notice(1.0, Level.WARNING, "a person should look"),
    RouteLost: RouteLost(1.0, ROUTE, "the kernel"),
    RoutingRuleLost: RoutingRuleLost(1.0, RULE.rule),
    Reconcile: Reconcile(1.0),
    ProbeNow: ProbeNow(1.0, UPLINK.id),
    SpeedChange: SpeedChange(1.0, UPLINK.id, Speed.STANDBY),
    RunHook: RunHook(1.0, HOOK, MOMENT, 2),
    Verify: Verify(1.0, UPLINK.id, 0.5, (VERIFYING,)),
    EndConnections: EndConnections(1.0, Family.IPV4, "b", (UPLINK.name,), None),
    AskWays: AskWays(1.0, UPLINK.id, (replace(Target.named("a.example"), address="203.0.113.1"),)),
    LeaveOut: LeaveOut(1.0, UPLINK.id, ((target("203.0.113.1"), "its way is another"),)),
}
UNLOGGED = {Reconcile}
"""What they lead to is logged."""

EVENTS: dict[type[Event], Event] = {
    Start: Start(0.0, LINKS, ()),
    Round: Round(1.0, UPLINK.id, "internet", 0.9, RoundOutcome.GOOD, (ANSWER,)),
    Answers: Answers(1.0, UPLINK.id, "internet", 0.9, (ANSWER,)),
    Links: Links(1.0, LINKS),
    NextHops: NextHops(1.0, ()),
    Routes: Routes(1.0, ()),
    Applied: Applied(1.0, (ADDED,)),
    Refused: Refused(1.0, ADDED, "File exists"),
    RefusedRule: RefusedRule(1.0, RULE, "not permitted"),
    Drill: Drill(1.0, UPLINK.name, 2.0),
    Switch: Switch(1.0, UPLINK.name, inf),
    Release: Release(1.0, UPLINK.name),
    Reload: Reload(1.0, POLICY, LINKS),
    Ways: Ways(1.0, Findings({})),
    LastDelivered: LastDelivered(1.0, Delivered()),
    HookEnded: HookEnded(1.0, HOOK, Family.IPV4),
    Verified: Verified(1.0, UPLINK.id, 0.5, (("internet", RoundOutcome.FAILED, "no answer"),)),
    ConnectionsEnded: ConnectionsEnded(1.0, Family.IPV4, 1.0),
    Tick: Tick(1.0),
}


def test_there_is_an_example_of_every_output() -> None:
    assert OUTPUTS.keys() == set(get_args(Output))


def test_there_is_an_example_of_every_event() -> None:
    assert EVENTS.keys() == set(get_args(Event))


@pytest.mark.parametrize("kind", OUTPUTS)
def test_every_output_is_one_line(kind: type[Output]) -> None:
    text = describe(OUTPUTS[kind], POLICY)
    assert text.strip()
    assert "\n" not in text


@pytest.mark.parametrize("kind", OUTPUTS)
def test_every_output_is_one_line_of_the_log_or_leads_to_one(
    kind: type[Output], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "route_switcher")
    LogObserver(POLICY).output(OUTPUTS[kind])
    assert len(caplog.records) == (kind not in UNLOGGED)


@pytest.mark.parametrize("kind", EVENTS)
def test_the_engine_takes_every_event(kind: type[Event]) -> None:
    engine = Engine(POLICY)
    if kind is not Start:
        engine.handle(EVENTS[Start])
    for output in engine.handle(EVENTS[kind]):
        assert describe(output, POLICY)


@pytest.mark.parametrize("kind", EVENTS)
def test_an_observer_may_be_told_of_every_event(kind: type[Event]) -> None:
    LogObserver(POLICY).event(EVENTS[kind])
