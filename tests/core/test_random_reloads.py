"""Anything may be told to the engine in any order, and any policy may follow upon any other."""

from dataclasses import replace
from ipaddress import ip_address
from math import inf
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.engine import Engine
from route_switcher.core.routing.plan import Plan
from route_switcher.core.routing.reconcile import Convergence, Reconciled
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.effects import Reconcile
from route_switcher.core.vocabulary.events import (
    Answer,
    Answers,
    Applied,
    Event,
    Links,
    LinkState,
    Refused,
    Reload,
    Round,
    Routes,
    Start,
    Tick,
)
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, Notice, Output
from route_switcher.core.vocabulary.policy import Damping, HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Target, answers_needed
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause, RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.virtual.table import Table
from support.leaving import check_no_lost_link_is_kept, refuge
from support.pinging import pinging, target

NAMES = "abcd"
PROBES = ("internet", "office", "far")
INTERFACES = [f"eth{number}" for number in range(5)]
TARGETS = {
    Family.IPV4: [target(f"203.0.113.{n}") for n in (1, 2, 3)],
    Family.IPV6: [target(f"2001:db8:ffff::{n}") for n in (1, 2, 3)],
}
LATE = 0.05
"""Seconds that a round may have waited before it is told."""


def some(rng: Random, items: list[str]) -> list[str]:
    return rng.sample(items, rng.randint(1, len(items)))


def any_policy(rng: Random) -> Policy:
    interfaces = rng.sample(INTERFACES, len(INTERFACES))
    uplinks = []
    for number, name in enumerate(some(rng, list(NAMES))):
        family = Family.IPV4 if rng.random() < 0.7 else Family.IPV6
        net = "198.51.100.{}" if family is Family.IPV4 else "2001:db8::{}"
        gateway = net.format(number + 1)
        metric = 10 * number + rng.randint(1, 9)
        uplinks.append(Uplink(name, interfaces[number], ip_address(gateway), metric, family))
    names = [uplink.name for uplink in uplinks]
    probes = [any_probe(rng, name, names) for name in some(rng, list(PROBES))]
    if any(not any(p.goes_through(name) for p in probes) for name in names):
        probes[-1] = replace(probes[-1], uplinks=None)
    rules = [any_rule(rng, f"r{n}", names, probes) for n in range(rng.randint(0, 3))]
    damping = rng.choice([None, Damping(10.0, 2.0, 1.0, 40.0), Damping(5.0, 3.0, 1.0, 20.0)])
    hold_back = HoldBack(rng.choice([0.0, 0.0, 5.0]), rng.choice([None, 1, 3]), damping)
    return Policy(tuple(uplinks), tuple(probes), tuple(rules), False, hold_back)


def any_probe(rng: Random, name: str, names: list[str]) -> Probe:
    number = rng.randint(1, 3)
    interval = rng.choice([0.5, 1.0, 2.0])
    fast = interval * rng.choice([0.5, 1.0])
    down, standby = (interval * rng.choice([1.0, 1.0, 5.0]) for _ in range(2))
    return pinging(
        name,
        *(target for targets in TARGETS.values() for target in rng.sample(targets, number)),
        quorum=rng.choice(["any", "all", rng.randint(1, number)]),
        interval=interval,
        timeout=fast * rng.choice([0.5, 1.0]),
        fast=fast,
        down=down,
        standby=standby,
        uplinks=tuple(some(rng, names)) if rng.random() < 0.4 else None,
    )


def any_rule(rng: Random, name: str, names: list[str], probes: list[Probe]) -> Rule:
    common = rng.choice(names)
    usable = [probe.name for probe in probes if probe.goes_through(common)]
    fail = any_condition(rng, usable, failing=True)
    recovers = any_condition(rng, usable, failing=False) if rng.random() < 0.5 else None
    rule = Rule(name, fail, Recover(rng.choice([0.0, 2.0, 8.0]), recovers))
    used = [probe for probe in probes if probe.name in rule.probes]
    judged = [n for n in names if all(probe.goes_through(n) for probe in used)]
    if judged == names and rng.random() < 0.5:
        return rule
    return replace(rule, uplinks=tuple(some(rng, judged)))


def any_condition(rng: Random, probes: list[str], failing: bool, depth: int = 0) -> Condition:
    held = rng.choice([0.0, 0.0, 1.0, 4.0])
    if depth < 2 and rng.random() < 0.3:
        parts = (any_condition(rng, probes, failing, depth + 1) for _ in range(rng.randint(1, 3)))
        return AnyOf(tuple(parts), held) if rng.random() < 0.5 else AllOf(tuple(parts), held)
    probe, count = rng.choice(probes), rng.randint(1, 4)
    match rng.randint(0, 3):
        case 0:
            return CarrierDown(held) if failing else CarrierUp(held)
        case 1:
            kind = Beyond if failing else Within
            limit, over = rng.choice([0.03, 0.2, 0.5]), rng.choice([2.0, 6.0])
            return kind(rng.choice(list(Measure)), probe, limit, over, held)
        case _:
            counted = ConsecutiveFailures if failing else ConsecutiveSuccesses
            return counted(probe, count, held)


class Chaos:
    """An engine to which anything is told, beside a table that follows its plans."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now = 0.0
        self.links = {interface: LinkState(interface) for interface in INTERFACES}
        self.table = Table()
        self.sent: dict[tuple[str, str], list[float]] = {}
        self.notices = 0
        policy = any_policy(self.rng)
        if self.rng.random() < 0.5:
            self.table.put(*self.foreign(policy))
        self.engine = Engine(policy)
        self.convergence = Convergence(self.engine.plans)
        self.tell(Start(self.now, tuple(self.links.values()), self.table.routes))

    def foreign(self, policy: Policy) -> list[Route]:
        uplink = self.rng.choice(policy.uplinks)
        metric = uplink.metric + self.rng.choice([0, 1, 1000, 5000])
        return [Route(uplink.family, uplink.interface, uplink.written_gateway, metric, protocol=16)]

    def tell(self, event: Event) -> None:
        self.give(event)
        if self.convergence.due:
            self.check(self.engine.plans())
            self.table.carry_out(self.convergence.steps(), self.see)

    def see(self, result: Reconciled) -> None:
        self.give(Applied(self.now, result.done, result.unfinished))
        if result.changed:
            self.give(Routes(self.now, self.table.routes))
        for action, why in result.refused:
            self.give(Refused(self.now, action, why))
        self.check(self.engine.plans())

    def give(self, event: Event) -> None:
        for output in self.engine.handle(event):
            self.check_output(output)
        check_no_lost_link_is_kept(self.engine, event.at)

    def check(self, plans: tuple[Plan, ...]) -> None:
        policy = self.engine.policy
        assert {plan.family for plan in plans} == set(policy.families)
        for plan in plans:
            routes = [wanted.route for wanted in plan.routes]
            assert len(set(routes)) == len(routes)
            assert {r.family for r in routes} == {plan.family}
            assert plan.active is None or plan.active in routes
            active = self.engine.active(plan.family)
            assert active is None or active in {u.name for u in policy.uplinks_of(plan.family)}

    def check_output(self, output: Output) -> None:
        if isinstance(output, Reconcile):
            self.convergence.ask()
        elif isinstance(output, Notice):
            self.notices += 1
        elif isinstance(output, Decision) and output.previous is not None:
            taken = (
                self.engine.status(output.at).health(UplinkId(output.selected, output.family)).state
            )
            left = UplinkId(output.previous, output.family)
            known = left in {u.id for u in self.engine.policy.uplinks}
            if known and self.engine.status(output.at).health(left).link_lost:
                free = (Cause.OPERATOR, Cause.REFUSED)
                best = refuge(self.engine, output.family, output.previous, output.at)
                assert output.cause in free or output.selected == best
                return
            if output.cause not in (Cause.OPERATOR, Cause.RESTART):
                assert taken is not UplinkState.UNKNOWN
            if output.cause in (Cause.PREFERENCE, Cause.BETTER, Cause.STEADIER, Cause.RELOAD):
                assert taken is UplinkState.HEALTHY
            if output.cause is Cause.FAILOVER:
                assert output.rules, output

    def run(self, until: float) -> None:
        """Wake the engine whenever it asks for that."""
        for _ in range(2000):
            due = self.engine.deadline()
            if due > until:
                self.now = until
                return
            self.now = max(self.now, due)
            self.tell(Tick(self.now))
            assert self.engine.deadline() > self.now, "it spins"
        raise AssertionError("it never sleeps")

    def step(self) -> None:
        rng = self.rng
        self.run(self.now + rng.choice([0.0, 0.1, 0.5, 0.5, 1.0, rng.uniform(0, 12)]))
        chance = rng.random()
        if chance < 0.6:
            for _ in range(rng.randint(1, 8)):
                self.round()
        elif chance < 0.7:
            state = self.links[rng.choice(INTERFACES)]
            self.set_link(state)
        elif chance < 0.78:
            self.tell(Reload(self.now, any_policy(rng), tuple(self.links.values())))
        elif chance < 0.86:
            until = rng.choice([inf, self.now + 3])
            name = rng.choice(NAMES)
            force = rng.random() < 0.3
            order, end = Switch(self.now, name, until, force), Release(self.now, name)
            self.tell(order if rng.random() < 0.5 else end)
        else:
            self.meddle()

    def round(self) -> None:
        rng = self.rng
        name, its = rng.choice(NAMES), rng.choice(PROBES)
        known = {u.name: u for u in self.engine.policy.uplinks}
        family = known[name].family if name in known else rng.choice(list(Family))
        probes = {p.name: p for p in self.engine.policy.probes_through(name)}
        probe = probes.get(its) or any_probe(rng, its, [name])
        targets = probe.targets_for(family)
        sent = self.sent.setdefault((name, its), [])
        if sent and rng.random() < 0.2:
            answers = tuple(self.answer(target) for target in targets)
            self.tell(Answers(self.now, UplinkId(name, family), its, rng.choice(sent), answers))
            return
        sent_at = max([*sent[-1:], self.now - rng.uniform(0, 2)])
        sent[:] = [*sent[-3:], sent_at]
        answers = tuple(self.answer(target) for target in targets)
        good = sum(a.rtt is not None for a in answers) >= answers_needed(probe.quorum, len(targets))
        outcome = RoundOutcome.GOOD if good else RoundOutcome.FAILED
        if rng.random() < 0.1:
            outcome = RoundOutcome.UNKNOWN
        at = max(sent_at, self.now - rng.choice([0.0, rng.uniform(0, LATE)]))
        self.tell(Round(at, UplinkId(name, family), its, sent_at, outcome, answers, "so"))

    def answer(self, target: Target) -> Answer:
        rng = self.rng
        lost = rng.random() < 0.3
        rtt = None if lost else rng.choice([0.01, 0.3])
        pending = lost and rng.random() < 0.5
        return Answer(target, rtt, "lost", pending, asked=rng.random() > 0.05)

    def set_link(self, state: LinkState) -> None:
        rng = self.rng
        new = LinkState(state.interface)
        if state == new:
            new = replace(
                new,
                present=rng.random() < 0.7,
                up=rng.random() < 0.7,
                carrier=rng.random() < 0.4,
                families=frozenset(f for f in Family if rng.random() < 0.7),
            )
        self.links[new.interface] = new
        self.table.set_link(new)
        self.tell(Links(self.now, (new,)))
        self.tell(Routes(self.now, self.table.routes))

    def meddle(self) -> None:
        """Somebody else changes the table."""
        if self.rng.random() < 0.5:
            self.table.put(*self.foreign(self.engine.policy))
        elif self.table.routes:
            self.table.take_away(self.rng.choice(self.table.routes))
        self.tell(Routes(self.now, self.table.routes))


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_follows_upon_whatever_the_engine_goes_on(seed: int) -> None:
    chaos = Chaos(seed)
    for _ in range(60):
        chaos.step()
    # Then nothing happens any more: each thing that is still to be told of is told of once.
    told = chaos.notices
    chaos.run(chaos.now + 400)
    assert chaos.notices - told < 30
