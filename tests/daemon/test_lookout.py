"""Looking at the routes of others beside the loop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import trio

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.lookout import AT_LEAST_EVERY, REST, Lookout
from support.model_kernel import ModelKernel

OURS = Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 10)
FOREIGN = Route(Family.IPV4, "eth1", ip_address("203.0.113.1"), 20, protocol=16)


class SlowKernel(ModelKernel):
    """Every look takes `takes` seconds."""

    looks = 0
    takes = 1.0

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        self.looks += 1
        routes = await super().default_routes(ours_only=ours_only)
        await trio.sleep(self.takes)
        return routes


class Looking:
    def __init__(self) -> None:
        self.kernel = SlowKernel([LinkState("eth0"), LinkState("eth1")], [OURS, FOREIGN])
        self.found: list[tuple[float, tuple[Route, ...]]] = []
        self.began = trio.current_time()
        self.lookout = Lookout(self.kernel, self.take)

    def take(self, routes: tuple[Route, ...]) -> None:
        self.found.append((trio.current_time() - self.began, routes))


@asynccontextmanager
async def looking() -> AsyncIterator[Looking]:
    world = Looking()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.lookout.run)
        yield world
        nursery.cancel_scope.cancel()


async def test_it_looks_when_asked_and_finds_what_is_not_ours(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with looking() as world:
        world.lookout.look()
        await trio.sleep(2)
        assert world.found == [(1.0, (FOREIGN,))]


async def test_a_big_table_is_looked_at_a_tenth_of_the_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with looking() as world:
        for _ in range(1000):
            world.lookout.look()
            await trio.sleep(0.1)
        assert world.kernel.looks == 100 / (REST.times + 1)


async def test_after_a_stop_in_the_middle_of_a_look_it_looks_again_soon(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with looking() as world:
        world.kernel.takes = 600.0
        world.lookout.look()
        await trio.sleep(600.1)
        world.kernel.takes = 0.0
        world.lookout.look()
        await trio.sleep(REST.longest)
        assert world.kernel.looks == 2


async def test_unasked_it_looks_once_a_minute(autojump_clock: trio.testing.MockClock) -> None:
    async with looking() as world:
        await trio.sleep(AT_LEAST_EVERY - 1)
        assert world.kernel.looks == 0
        await trio.sleep(3)
        assert world.found == [(AT_LEAST_EVERY + 1, (FOREIGN,))]


async def test_what_is_void_is_not_told_and_looked_at_once_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with looking() as world:
        world.lookout.make_void()
        await trio.sleep(2)
        assert world.kernel.looks == 0
        world.lookout.look()
        await trio.sleep(0.5)
        world.lookout.make_void()
        world.kernel.foreign_remove(FOREIGN)
        await trio.sleep(20)
        assert [routes for _, routes in world.found] == [()]
        assert world.kernel.looks == 2
