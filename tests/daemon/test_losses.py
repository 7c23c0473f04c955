"""What the daemon makes of routes that vanish, and of refusals, between two of its looks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import IPv4Network
from math import inf

import pytest
import trio

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Output, RouteLost
from route_switcher.core.vocabulary.routes import Route
from route_switcher.daemon.dry_run import DryRunTable
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.service import Service
from support.model_kernel import ModelKernel
from support.standing import standing_route
from support.world import policy, uplink
from support.written_probers import WrittenProber

PRIMARY = standing_route(uplink("primary", 0))
SECONDARY = standing_route(uplink("secondary", 1))
ETH0, ETH1 = LinkState("eth0"), LinkState("eth1")


class Thief(ModelKernel):
    """Takes the primary's route away just before the last of `readings_left`."""

    readings_left = inf

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        self.readings_left -= 1
        if self.readings_left == 0:
            self.foreign_remove(PRIMARY)
        return await super().default_routes(ours_only=ours_only)


class Downer(ModelKernel):
    """Takes eth0 down just before the last of `readings_left`, and tells of it later."""

    readings_left = inf

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        self.readings_left -= 1
        if self.readings_left == 0:
            self.set_link(replace(ETH0, up=False))
        return await super().default_routes(ours_only=ours_only)


class Writer(ModelKernel):
    """Somebody adds one more route with our protocol number whenever the engine looks."""

    looks = 0
    writes = False

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        if self.writes:
            self.looks += 1
            assert self.looks < 1000, "the engine looks for ever"
            self.foreign_add(replace(SECONDARY, metric=5000 + self.looks))
        return await super().default_routes(ours_only=ours_only)


class Losses(Observer):
    """Hears of lost routes, and by whom."""

    def __init__(self) -> None:
        self.told: list[tuple[Route, str]] = []

    def output(self, output: Output) -> None:
        if isinstance(output, RouteLost):
            self.told.append((output.route, output.by))


@asynccontextmanager
async def running(
    kernel: ModelKernel, *, dry: bool = False
) -> AsyncIterator[list[tuple[Route, str]]]:
    """A service in virtual time; gives what it says of lost routes."""
    losses = Losses()
    table = DryRunTable(kernel, lambda _: None) if dry else None
    service = Service(policy(), kernel, lambda *_: WrittenProber(), table=table, observers=[losses])
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        await trio.sleep(5)
        yield losses.told
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("reading", [1, 2, 3, 4])
async def test_a_loss_is_told_once_at_whatever_moment_it_comes(
    autojump_clock: trio.testing.MockClock, reading: int
) -> None:
    """Also when the engine is just looking for another reason, and so puts it back at once."""
    kernel = Thief([ETH0, ETH1])
    async with running(kernel) as said:
        kernel.readings_left = reading
        kernel.set_link(LinkState("eth1", carrier=False))
        await trio.sleep(5)
        kernel.overrun()
        await trio.sleep(5)
        assert kernel.readings_left <= 0
        assert PRIMARY in await kernel.default_routes()
        assert said == [(PRIMARY, "somebody else")]


@pytest.mark.parametrize("reading", [1, 2, 3, 4])
async def test_a_loss_with_the_link_is_never_laid_upon_somebody_else(
    autojump_clock: trio.testing.MockClock, reading: int
) -> None:
    """Also when the routes are read for another reason, before the link is."""
    kernel = Downer([ETH0, ETH1])
    async with running(kernel) as said:
        kernel.readings_left = reading
        kernel.set_link(LinkState("eth1", carrier=False))
        await trio.sleep(5)
        assert kernel.readings_left <= 0
        assert said == [(PRIMARY, "the kernel, with its interface or address")]


async def test_who_adds_routes_as_ours_without_end_does_not_stop_the_engine(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = Writer([ETH0, ETH1])
    async with running(kernel) as said:
        kernel.writes = True
        kernel.overrun()
        await trio.sleep(5)
        kernel.writes = False
        await trio.sleep(5)
        assert await kernel.default_routes() == (PRIMARY, SECONDARY)
        assert said == []


async def test_an_address_that_came_back_unseen_makes_a_refused_route_possible(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = ModelKernel([ETH0, ETH1])
    elsewhere, here = IPv4Network("203.0.113.0/26"), IPv4Network("198.51.100.0/26")
    kernel.set_link(ETH0, [elsewhere])
    async with running(kernel):
        assert await kernel.default_routes() == (SECONDARY,)
        for state in (LinkState("eth0", families=frozenset()), ETH0):
            kernel.set_link(state, [here])  # both before the engine looks
        await trio.sleep(120)
        assert await kernel.default_routes() == (PRIMARY, SECONDARY)


async def test_a_dry_run_does_not_miss_what_a_running_engine_moves(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = ModelKernel([ETH0, ETH1], [PRIMARY, SECONDARY])
    async with running(kernel, dry=True) as said:
        kernel.foreign_remove(PRIMARY)
        await trio.sleep(5)
        assert said == []
        assert await kernel.default_routes() == (SECONDARY,)


class Renaming(ModelKernel):
    """Calls an interface otherwise; what it tells of links is older than that."""

    called = ""

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        routes = await super().default_routes(ours_only=ours_only)
        if not self.called:
            return routes
        return tuple(replace(r, interface=self.called) if r == SECONDARY else r for r in routes)


async def test_a_new_name_that_comes_between_two_looks_is_no_loss(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = Renaming([ETH0, ETH1])
    async with running(kernel) as said:
        for kernel.called in ("other", ""):
            kernel.overrun()
            await trio.sleep(5)
        assert said == []
