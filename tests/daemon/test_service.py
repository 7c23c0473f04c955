"""The daemon in virtual time: real tasks and reconcile, the model of the kernel, written lines."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address

import pytest
import trio

from route_switcher.core.routing.ownership import RESTORATION_SPAN, RESTORATIONS
from route_switcher.core.routing.reconcile import Action
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.daemon.dry_run import DryRunTable
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.service import Service
from support.model_kernel import ModelKernel
from support.world import policy, uplink
from support.written_probers import RTT, WrittenProber

FOREIGN = Route(Family.IPV4, "lan0", ip_address("203.0.113.254"), 500, protocol=16)


class Running(Observer):
    """A service, what it runs on, and what it decided."""

    def __init__(self, rules: Policy, kernel: ModelKernel, dry: bool = False) -> None:
        self.kernel = kernel
        self.lines: dict[str, WrittenProber] = {}
        self.shown: list[RouteAction] = []
        table = DryRunTable(kernel, self.show) if dry else None
        self.service = Service(rules, kernel, self.prober, table=table, observers=[self])
        self.decisions: list[Decision] = []

    def show(self, action: Action) -> None:
        assert isinstance(action, RouteAction)
        self.shown.append(action)

    def output(self, output: Output) -> None:
        if isinstance(output, Decision):
            self.decisions.append(output)

    def prober(self, u: Uplink, _check: Check) -> WrittenProber:
        return self.lines.setdefault(u.name, WrittenProber())

    async def metrics(self) -> dict[str, int]:
        routes = await self.kernel.default_routes(ours_only=True)
        return {r.interface: r.metric for r in routes}

    def switches(self) -> list[tuple[float, str | None, str]]:
        return [(d.at, d.previous, d.selected) for d in self.decisions]


@asynccontextmanager
async def running(
    rules: Policy | None = None,
    kernel: ModelKernel | None = None,
    dry: bool = False,
) -> AsyncIterator[Running]:
    rules = rules or policy()
    kernel = kernel or ModelKernel([LinkState(u.interface) for u in rules.uplinks])
    world = Running(rules, kernel, dry)
    async with trio.open_nursery() as nursery:
        await nursery.start(world.service.run)
        yield world
        nursery.cancel_scope.cancel()
    assert all(line.opened == 0 for line in world.lines.values())


async def test_an_hour_with_an_outage_takes_the_times_that_the_policy_says(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        start = trio.current_time()
        await trio.sleep(600.5)
        world.lines["primary"].works = False
        await trio.sleep(1200)
        assert await world.metrics() == {"eth0": 1010, "eth1": 20}
        world.lines["primary"].works = True
        await trio.sleep(1800)
        assert await world.metrics() == {"eth0": 10, "eth1": 20}
        moves = [(at - start, *names) for at, *names in world.switches()]
        # The first round that is lost is sent at 601, the first that is answered at 1801.
        assert moves == [
            (0, None, "primary"),
            (604, "primary", "secondary"),
            (1861 + RTT, "secondary", "primary"),
        ]


async def test_the_standing_routes_are_in_before_the_first_round(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        assert await world.metrics() == {"eth0": 10, "eth1": 20}


async def test_carrier_loss_moves_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(10.3)
        lost = trio.current_time()
        world.kernel.set_link(LinkState("eth0", carrier=False))
        await trio.sleep(1)
        at, *move = world.switches()[-1]
        assert at == pytest.approx(lost)
        assert move == ["primary", "secondary"]


async def test_what_somebody_flushes_is_back_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(5)
        world.kernel.flush()
        await trio.testing.wait_all_tasks_blocked()
        assert await world.metrics() == {"eth0": 10, "eth1": 20}


async def test_lost_news_lead_to_a_fresh_look(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(5)
        world.kernel.flush()
        await world.kernel.changed()  # somebody else hears of it: as if the news were lost
        world.kernel.overrun()
        await trio.testing.wait_all_tasks_blocked()
        assert await world.metrics() == {"eth0": 10, "eth1": 20}


async def test_a_reload_replaces_the_probe_tasks_and_keeps_the_selection(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(10.3)
        world.lines["primary"].works = False
        await trio.sleep(10)
        more = (uplink("primary", 0), uplink("secondary", 1), uplink("tertiary", 2))
        world.kernel.set_link(LinkState("eth2"))
        await world.service.submit(NewPolicy(policy(*more, interval=0.5, timeout=0.5)))
        await trio.sleep(200)
        assert await world.metrics() == {"eth0": 1010, "eth1": 20, "eth2": 30}
        assert [d.selected for d in world.decisions] == ["primary", "secondary"]
        await world.service.submit(NewPolicy(policy(uplink("tertiary", 2))))
        await trio.sleep(200)
        assert await world.metrics() == {"eth2": 30}
        assert {n: line.opened for n, line in world.lines.items()} == {
            "primary": 0,
            "secondary": 0,
            "tertiary": 1,
        }


@pytest.mark.parametrize("dry", [False, True])
async def test_rounds_go_at_the_speeds_that_the_core_asks_for(
    autojump_clock: trio.testing.MockClock, dry: bool
) -> None:
    seed = policy(interval=1.0, timeout=0.5)
    slower = replace(seed.probes[0], down_interval=4.0, standby_interval=10.0)
    theirs = [
        Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 100, protocol=16),
        Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 101, protocol=16),
    ]
    kernel = ModelKernel([LinkState("eth0"), LinkState("eth1")], theirs if dry else [])
    async with running(replace(seed, probes=(slower,)), kernel, dry) as world:
        start = trio.current_time()

        def sent(name: str, since: float, until: float) -> list[float]:
            times = (at - start for at, _ in world.lines[name].rounds)
            return [at for at in times if since <= at < until]

        await trio.sleep_until(start + 30.25)
        # Standing by begins with the first round of the secondary, which finds it healthy.
        assert sent("secondary", 0, 30) == [0.5, 10.5, 20.5]
        assert sent("primary", 20, 23) == [20, 21, 22]
        world.lines["primary"].works = False
        await trio.sleep_until(start + 60.25)
        # Three failures; both are asked at once then, and after that only one of them often.
        assert sent("primary", 30, 50) == [30, 31, 32, 33, 33.5, 37.5, 41.5, 45.5, 49.5]
        assert sent("secondary", 31, 36) == [33.5, 34.5, 35.5]
        world.lines["primary"].works = True
        await trio.sleep_until(start + 140.25)
        # The first good round ends the slow speed; a minute later all is as it was.
        assert sent("primary", 57, 65) == [57.5, 61.5, 62.5, 63.5, 64.5]
        assert [move[1:] for move in world.switches()][-1] == ("secondary", "primary")
        assert len(sent("secondary", 125, 140)) in (1, 2)


async def test_a_dry_run_writes_nothing_and_shows_what_a_run_would_do(
    autojump_clock: trio.testing.MockClock,
) -> None:
    links = [LinkState("eth0"), LinkState("eth1"), LinkState("lan0")]
    dry_kernel = ModelKernel(links, [FOREIGN])
    async with running(kernel=dry_kernel, dry=True) as dry:
        await trio.sleep(10)
        assert await dry.kernel.default_routes() == (FOREIGN,)
    async with running(kernel=ModelKernel(links, [FOREIGN])) as real:
        await trio.sleep(10)
        done = await real.kernel.default_routes(ours_only=True)
    # No uplink has a route in the dry run, so that nothing is known and nothing selected.
    assert {a.route for a in dry.shown} == {
        Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 1010),
        Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 1020),
    }
    assert {r.metric for r in done} == {10, 20}


async def test_a_dry_run_probes_through_routes_that_exist_and_follows_what_happens(
    autojump_clock: trio.testing.MockClock,
) -> None:
    theirs = [
        Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 100, protocol=16),
        Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 101, protocol=16),
    ]
    kernel = ModelKernel([LinkState("eth0"), LinkState("eth1")], theirs)
    async with running(kernel=kernel, dry=True) as dry:
        await trio.sleep(10)
        assert [d.selected for d in dry.decisions] == ["primary"]
        dry.lines["primary"].works = False
        await trio.sleep(10)
        assert [d.selected for d in dry.decisions] == ["primary", "secondary"]
        assert [str(a.change.value) + str(a.route.metric) for a in dry.shown[-2:]] == [
            "add1010",
            "delete10",
        ]
        assert await kernel.default_routes() == tuple(theirs)


async def test_a_refused_route_makes_no_retry_storm(
    autojump_clock: trio.testing.MockClock,
) -> None:
    tried: list[RouteAction] = []

    class Refusing(ModelKernel):
        async def apply(self, action: RouteAction) -> str | None:
            tried.append(action)
            if action.route.interface == "eth0":
                return "refused for the test"
            return await super().apply(action)

    kernel = Refusing([LinkState("eth0"), LinkState("eth1")])
    async with running(kernel=kernel) as world:
        await trio.sleep(600)
        assert await world.metrics() == {"eth1": 20}
        assert world.decisions[-1].selected == "secondary"
        assert len(tried) < 25


async def test_who_fights_for_our_routes_is_not_fought_at_full_speed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        await trio.sleep(5)
        taken = 0
        with trio.move_on_after(10):
            while True:
                if await world.kernel.default_routes(ours_only=True):
                    world.kernel.flush()
                    taken += 1
                await trio.sleep(0.001)
        spans = 10 / RESTORATION_SPAN
        assert taken <= spans * (RESTORATIONS + 1)
        await trio.sleep(1)
        assert await world.metrics() == {"eth0": 10, "eth1": 20}
