"""Next hops are watched beside the loop, and told to the core where they change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from math import inf

import trio

from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import Event, Links, LinkState, NextHops, Reload, Start
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode
from route_switcher.daemon.hop_watch import AT_LEAST_EVERY, REST, HopWatch
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.service import Service
from route_switcher.kernel.base import KernelNews
from support.model_kernel import ModelKernel
from support.world import policy, uplink
from support.written_probers import WrittenProber

WRITTEN = policy(uplink("primary", 0), uplink("secondary", 1))
LEARNING = replace(
    WRITTEN, uplinks=tuple(replace(u, gateway=GatewayMode.AUTO) for u in WRITTEN.uplinks)
)
LINKS = [LinkState("eth0"), LinkState("eth1")]


def hop(number: int, interface: str = "eth0") -> LearnedHop:
    gateway = NextHop(ip_address(f"198.51.100.{number}"))
    return LearnedHop(Family.IPV4, interface, gateway, 254, 0, 16)


ONE, TWO = hop(1), hop(2)


class CountingKernel(ModelKernel):
    """A look takes `takes` seconds. It counts looks, those at everything and the others."""

    whole = limited = 0
    takes = 0.0
    due = inf

    async def next_hops(self, *, limited_only: bool = False) -> tuple[LearnedHop, ...]:
        self.whole += not limited_only
        self.limited += limited_only
        hops = await super().next_hops()
        await trio.sleep(self.takes)
        return hops

    def next_hops_due(self) -> float:
        return self.due


@dataclass
class Watching:
    kernel: CountingKernel = field(default_factory=lambda: CountingKernel(LINKS))
    found: list[tuple[LearnedHop, ...]] = field(default_factory=list)
    watch: HopWatch = field(init=False)

    def __post_init__(self) -> None:
        self.kernel.follow(LEARNING.uplinks)
        self.watch = HopWatch(self.kernel, self.found.append)


@asynccontextmanager
async def watching() -> AsyncIterator[Watching]:
    world = Watching()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.watch.run)
        yield world
        nursery.cancel_scope.cancel()


async def test_what_changed_is_told_once_and_a_renewal_is_silent(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with watching() as world:
        for hops in ((ONE,), (ONE,), (TWO,), (TWO,), ()):
            world.kernel.set_next_hops(*hops)
            world.watch.look()
            await trio.sleep(1)
        assert world.found == [(ONE,), (TWO,), ()]


async def test_what_somebody_saw_is_not_told_and_a_look_before_does_not_count(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with watching() as world:
        world.kernel.takes = 1.0
        world.kernel.set_next_hops(ONE)
        world.watch.look()
        await trio.sleep(0.5)
        world.kernel.set_next_hops(TWO)
        world.watch.seen((TWO,))
        await trio.sleep(30)
        assert world.found == []
        assert world.kernel.whole == 2


async def test_in_a_storm_and_a_long_table_it_looks_a_tenth_of_the_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with watching() as world:
        world.kernel.takes = 1.0
        for _ in range(1000):
            world.watch.look()
            await trio.sleep(0.1)
        assert world.kernel.whole == 100 / (REST.times + 1)


async def test_after_a_stop_in_the_middle_of_a_look_a_new_next_hop_is_found_soon(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with watching() as world:
        world.kernel.takes = 600.0
        world.watch.look()
        await trio.sleep(600.1)
        world.kernel.takes = 0.0
        world.kernel.set_next_hops(ONE)
        world.watch.look()
        await trio.sleep(REST.longest)
        assert world.found == [(ONE,)]


async def test_it_looks_at_limited_lives_when_they_are_due_and_at_all_once_a_minute(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with watching() as world:
        world.watch.look()  # so that it learns of the time that is due
        world.kernel.due = trio.current_time() + 10
        await trio.sleep(9)
        assert (world.kernel.whole, world.kernel.limited) == (1, 0)
        world.kernel.set_next_hops(ONE)
        await trio.sleep(1.001)
        world.kernel.due = inf
        await trio.sleep(1)
        assert world.found == [(ONE,)]
        assert (world.kernel.whole, world.kernel.limited) == (1, 1)
        world.kernel.set_next_hops(TWO)
        await trio.sleep(AT_LEAST_EVERY)
        assert world.found == [(ONE,), (TWO,)]


@dataclass(eq=False)
class Telling(Observer):
    """The events that tell of next hops, and those of links in between."""

    events: list[Event] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.append(event)

    def told(self) -> list[tuple[type, tuple[LearnedHop, ...] | None]]:
        found = [e for e in self.events if isinstance(e, Start | Reload | NextHops)]
        return [(type(e), e.hops if isinstance(e, NextHops) else e.next_hops) for e in found]


@asynccontextmanager
async def serving(rules: Policy, kernel: ModelKernel) -> AsyncIterator[tuple[Service, Telling]]:
    telling = Telling()
    service = Service(rules, kernel, lambda *_: WrittenProber(), observers=[telling])
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        yield service, telling
        nursery.cancel_scope.cancel()


async def test_the_core_hears_of_them_at_the_start_at_a_reload_and_when_they_change(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = CountingKernel(LINKS)
    kernel.set_next_hops(ONE)
    async with serving(LEARNING, kernel) as (service, telling):
        await trio.sleep(2)
        kernel.set_next_hops(TWO)
        await trio.sleep(2)
        kernel.set_next_hops(TWO)
        await trio.sleep(2)
        await service.submit(NewPolicy(LEARNING))
        await trio.sleep(2)
        assert telling.told() == [(Start, (ONE,)), (NextHops, (TWO,)), (Reload, (TWO,))]


async def test_what_went_with_an_address_is_told_though_only_the_link_was_news(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = CountingKernel(LINKS)
    kernel.set_next_hops(ONE)
    async with serving(LEARNING, kernel) as (_, telling):
        await trio.sleep(2)
        kernel._next_hops = ()
        kernel.set_link(LinkState("eth0", families=frozenset()))
        await trio.sleep(2)
        assert telling.told()[-1] == (NextHops, ())


async def test_lost_news_lead_to_a_look(autojump_clock: trio.testing.MockClock) -> None:
    kernel = CountingKernel(LINKS)
    async with serving(LEARNING, kernel) as (_, telling):
        await trio.sleep(2)
        kernel._next_hops = (ONE,)
        kernel.overrun()
        await trio.sleep(2)
        assert telling.told()[-1] == (NextHops, (ONE,))


async def test_links_are_told_before_the_hops_that_came_with_them(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The news of the link may still wait when the hops have been looked at."""
    kernel = CountingKernel(LINKS)
    async with serving(LEARNING, kernel) as (_, telling):
        await trio.sleep(2)
        address = frozenset([ip_address("198.51.100.9")])
        kernel._table.set_link(LinkState("eth0", addresses=address))  # its news never come
        kernel.set_next_hops(ONE)
        await trio.sleep(2)
        kinds = [type(e) for e in telling.events if isinstance(e, Links | NextHops)]
        assert kinds == [Links, NextHops]


async def test_a_policy_that_learns_none_never_hears_of_any(
    autojump_clock: trio.testing.MockClock,
) -> None:
    kernel = CountingKernel(LINKS)
    kernel.set_next_hops(ONE)
    async with serving(WRITTEN, kernel) as (_, telling):
        kernel._tell(KernelNews(links=True, next_hops=True))
        await trio.sleep(2 * AT_LEAST_EVERY)
        assert telling.told() == [(Start, ())]
