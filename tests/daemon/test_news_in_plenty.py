"""Storms of news, long tables and reloads, in virtual time: rounds and lost routes do not wait."""

from collections.abc import Iterable

import pytest
import trio

from daemon.test_service import FOREIGN, running
from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.inbox import REST
from support.model_kernel import ModelKernel
from support.world import policy, uplink


class CountingKernel(ModelKernel):
    """Counts how often it is asked, and takes its time for the whole table."""

    def __init__(self, links: Iterable[LinkState], whole: float = 0.0) -> None:
        super().__init__(links)
        self.links_read = 0
        self.whole = whole

    async def link_states(self, interfaces: Iterable[str]) -> tuple[LinkState, ...]:
        self.links_read += 1
        return await super().link_states(interfaces)

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        if not ours_only:
            await trio.sleep(self.whole)
        return await super().default_routes(ours_only=ours_only)


async def test_a_storm_on_an_uplinks_own_interface_does_not_hold_up_rounds(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = CountingKernel([LinkState("eth0"), LinkState("eth1")])
    async with running(kernel=kernel) as world, trio.open_nursery() as nursery:

        async def storm() -> None:
            families = frozenset({Family.IPV4})
            while True:
                for state in (LinkState("eth0"), LinkState("eth0", families=families)):
                    kernel.set_link(state)
                    await trio.sleep(0.0005)

        await trio.sleep(10.5)
        start, before = trio.current_time(), kernel.links_read
        nursery.start_soon(storm)
        world.lines["primary"].works = False
        await trio.sleep(5)
        # The first round that is lost is sent half a second later; two follow, and a second passes.
        assert world.switches()[-1] == (start + 3.5, "primary", "secondary")
        assert kernel.links_read - before <= 5 / REST.shortest + 1
        nursery.cancel_scope.cancel()


async def test_rounds_and_lost_routes_do_not_wait_for_a_look_at_a_long_table(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = CountingKernel([LinkState("eth0"), LinkState("eth1"), LinkState("lan0")])
    async with running(kernel=kernel) as world:
        await trio.sleep(10.4)
        kernel.whole = 30.0
        start = trio.current_time()
        kernel.foreign_add(FOREIGN)
        await trio.sleep(0.1)
        kernel.flush()
        world.lines["primary"].works = False
        await trio.sleep(0.1)
        assert await world.metrics() == {"eth0": 10, "eth1": 20}
        await trio.sleep(5)
        at, *move = world.switches()[-1]
        assert at == pytest.approx(start + 3.6)
        assert move == ["primary", "secondary"]


async def test_of_reloads_that_wait_only_the_last_takes_effect(
    autojump_clock: trio.testing.MockClock,
) -> None:
    counted = []
    async with running() as world:
        await trio.sleep(5)

        async def submit(name: str) -> None:
            if await world.service.submit(NewPolicy(policy(uplink(name, 0)))) is not None:
                counted.append(name)

        async with trio.open_nursery() as nursery:
            for name in ("one", "two", "three"):
                nursery.start_soon(submit, name)
        await trio.sleep(5)
        assert len(counted) == 1
        assert world.lines.keys() == {"primary", "secondary", *counted}
