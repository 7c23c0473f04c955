"""Which rounds are sent through which uplink, how fast, and what of that a reload changes."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock

from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.conditions import (
    AnyOf,
    Beyond,
    ConsecutiveFailures,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.daemon.probing import ProbeTasks
from support.keys import v4
from support.pinging import pinging, target
from support.world import uplink
from support.written_probers import WrittenProber

FIBRE, LTE = uplink("fibre", 0), uplink("lte", 1)
EVERYWHERE, FIBRE_ONLY = target("203.0.113.1"), target("203.0.113.2")
NORMAL, STANDBY, DOWN = Speed.NORMAL, Speed.STANDBY, Speed.DOWN


def probe(name: str, asked: Target, uplinks: tuple[str, ...] | None = None) -> Probe:
    return pinging(
        name,
        asked,
        timeout=0.25,
        fast=0.25,
        down=5.0,
        standby=30.0,
        uplinks=uplinks,
    )


GENERAL = probe("general", EVERYWHERE)
WIRED = probe("wired", FIBRE_ONLY, ("fibre",))
COUNTED = Rule("no-internet", ConsecutiveFailures("general", 3), Recover(60))
POLICY = Policy((FIBRE, LTE), (GENERAL, WIRED), (COUNTED,), ignore_linkdown=False)
LOSS = Beyond(Measure.LOSS, "general", 0.2, 30.0)
KEPT = Within(Measure.LOSS, "general", 0.02, 30.0)


class World:
    """The probe tasks, their probers by the name of the uplink, and what they report."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.lines: dict[str, WrittenProber] = {}
        self.entered: list[str] = []
        self.reported: list[Round | Answers] = []
        self.probing = ProbeTasks(nursery, self._prober, self._report)

    def sent(self, name: str, target: object = EVERYWHERE, since: float = 0.0) -> list[float]:
        """When rounds were sent to this target, in seconds since `since`."""
        rounds = self.lines[name].rounds
        return [at - since for at, targets in rounds if at >= since and target in targets]

    def _prober(self, of: Uplink, _check: Check) -> WrittenProber:
        self.entered.append(of.name)
        return self.lines.setdefault(of.name, WrittenProber())

    async def _report(self, event: Round | Answers) -> None:
        await trio.lowlevel.checkpoint()
        self.reported.append(event)


@asynccontextmanager
async def probing(policy: Policy = POLICY) -> AsyncIterator[World]:
    async with trio.open_nursery() as nursery:
        world = World(nursery)
        world.probing.apply_policy(policy)
        yield world
        nursery.cancel_scope.cancel()


def changed(probes: Iterable[Probe] = POLICY.probes, rules: Iterable[Rule] = (COUNTED,)) -> Policy:
    return replace(POLICY, probes=tuple(probes), rules=tuple(rules))


async def test_a_probe_goes_through_its_own_uplinks_only(autojump_clock: MockClock) -> None:
    async with probing() as world:
        await trio.sleep(2.75)
        assert world.sent("fibre") == world.sent("fibre", FIBRE_ONLY) == [0, 1, 2]
        assert world.sent("lte") == [0.5, 1.5, 2.5]
        assert world.sent("lte", FIBRE_ONLY) == []


async def test_only_rules_that_judge_the_uplink_have_its_failures_confirmed(
    autojump_clock: MockClock,
) -> None:
    rule = replace(COUNTED, uplinks=("lte",))
    async with probing(changed(rules=[rule])) as world:
        await trio.testing.wait_all_tasks_blocked()
        for line in world.lines.values():
            line.works = False
        await trio.sleep(2.9)
        assert world.sent("fibre") == [0, 1, 2]
        assert world.sent("lte") == [0.5, 0.75, 1.0, 2.0]


async def test_a_speed_is_that_of_one_uplink_and_of_all_its_probes(
    autojump_clock: MockClock,
) -> None:
    async with probing() as world:
        await trio.sleep(2.25)
        world.probing.set_speed(v4("fibre"), DOWN)
        await trio.sleep(10)
        assert world.sent("fibre") == world.sent("fibre", FIBRE_ONLY) == [0, 1, 2, 7, 12]
        assert len(world.sent("lte")) == 12
        world.probing.set_speed(v4("fibre"), NORMAL)
        await trio.sleep(2)
        assert world.sent("fibre") == [0, 1, 2, 7, 12, 13, 14]


async def test_a_speed_told_before_the_first_round_is_that_of_the_tasks(
    autojump_clock: MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        world = World(nursery)
        world.probing.set_speed(v4("lte"), STANDBY)
        world.probing.apply_policy(POLICY)
        await trio.sleep(31)
        assert world.sent("lte") == [0.5, 30.5]
        nursery.cancel_scope.cancel()


async def test_new_tasks_after_a_reload_go_at_the_last_speed_told(
    autojump_clock: MockClock,
) -> None:
    async with probing() as world:
        world.probing.set_speed(v4("lte"), STANDBY)
        await trio.sleep(40)
        reloaded = trio.current_time()
        world.probing.apply_policy(changed([replace(GENERAL, standby_interval=20.0), WIRED]))
        await trio.sleep(50)
        assert world.sent("lte", since=reloaded) == [0.5, 20.5, 40.5]


async def test_an_uplink_that_was_gone_starts_at_normal_speed(autojump_clock: MockClock) -> None:
    async with probing() as world:
        world.probing.set_speed(v4("lte"), STANDBY)
        world.probing.apply_policy(replace(POLICY, uplinks=(FIBRE,)))
        await trio.sleep(1)
        reloaded = trio.current_time()
        world.probing.apply_policy(POLICY)
        await trio.sleep(3)
        assert world.sent("lte", since=reloaded) == [0.5, 1.5, 2.5]


async def test_kept_tasks_keep_their_speed_and_their_schedule(autojump_clock: MockClock) -> None:
    async with probing() as world:
        await trio.sleep(1)
        world.probing.set_speed(v4("lte"), STANDBY)
        await trio.sleep(1)
        world.probing.apply_policy(replace(POLICY, ignore_linkdown=True))
        await trio.sleep(60)
        assert world.sent("lte") == [0.5, 30.5, 60.5]


OFFICE = probe("office", target("203.0.113.3"), ("lte",))
OF_FIBRE = Rule("wired", ConsecutiveFailures("wired", 5), Recover(60), uplinks=("fibre",))


@pytest.mark.parametrize(
    ("policy", "anew"),
    [
        (POLICY, []),
        (replace(POLICY, uplinks=(LTE, FIBRE)), []),
        (replace(POLICY, uplinks=(replace(FIBRE, metric=5), LTE)), []),
        # What concerns one uplink leaves the other alone.
        (changed([GENERAL, WIRED, OFFICE]), ["lte"]),
        (changed([GENERAL, replace(WIRED, interval=2.0)]), ["fibre"]),
        (changed([GENERAL]), ["fibre"]),
        (changed([GENERAL, replace(WIRED, uplinks=("fibre", "lte"))]), ["lte"]),
        (changed([GENERAL, replace(WIRED, uplinks=None)]), ["lte"]),
        (changed(rules=[COUNTED, OF_FIBRE]), ["fibre"]),
        (changed(rules=[replace(COUNTED, uplinks=("lte",))]), ["fibre"]),
        # A target of the other family is nothing to an uplink of this one.
        (
            changed([replace(GENERAL, targets=(*GENERAL.targets, target("2001:db8::1"))), WIRED]),
            [],
        ),
        (changed([replace(GENERAL, timeout=0.125), WIRED]), ["fibre", "lte"]),
        # What says the same of an uplink in other words.
        (changed([replace(GENERAL, uplinks=("lte", "fibre")), WIRED]), []),
        (changed([replace(GENERAL, quorum=1), WIRED]), []),
        (changed([replace(GENERAL, quorum="all"), WIRED]), []),
        (changed([WIRED, GENERAL]), []),
        # An uplink less is that one's business only.
        (changed([replace(GENERAL, uplinks=("fibre",)), WIRED, OFFICE]), ["lte"]),
        # A rule whose thresholds change only what the core counts.
        (changed(rules=[replace(COUNTED, recover=Recover(10))]), []),
        (changed(rules=[replace(COUNTED, fail=AnyOf((COUNTED.fail, LOSS)))]), ["fibre", "lte"]),
        (changed(rules=[replace(COUNTED, recover=Recover(60, KEPT))]), ["fibre", "lte"]),
    ],
)
async def test_a_reload_replaces_the_tasks_that_it_changes_and_no_others(
    autojump_clock: MockClock, policy: Policy, anew: list[str]
) -> None:
    async with probing() as world:
        await trio.sleep(10)
        assert sorted(world.entered) == ["fibre", "lte"]
        world.entered.clear()
        world.probing.apply_policy(policy)
        await trio.sleep(10)
        assert sorted(world.entered) == anew
        assert {name: line.opened for name, line in world.lines.items()} == {"fibre": 1, "lte": 1}


@pytest.mark.parametrize(
    "rule",
    [
        replace(COUNTED, fail=AnyOf((COUNTED.fail, LOSS))),
        replace(COUNTED, recover=Recover(60, KEPT)),
    ],
)
async def test_answers_after_the_round_are_reported_where_a_window_counts_them(
    autojump_clock: MockClock, rule: Rule
) -> None:
    judged = replace(rule, uplinks=("lte",))
    async with probing(changed(rules=[COUNTED, judged])) as world:
        await trio.sleep(1.25)
        assert world.lines["fibre"].rest is None
        assert world.lines["lte"].rest is not None
        sent_at, tell = world.lines["lte"].rest
        assert sent_at == 0.5
        answers = (Answer(EVERYWHERE, 0.75),)
        await tell(sent_at, answers)
        assert world.reported[-1] == Answers(1.25, v4("lte"), "general", 0.5, answers)
