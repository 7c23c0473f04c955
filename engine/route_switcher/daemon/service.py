"""The daemon: probes, kernel news and reloads go into the engine; its plans go to the kernel.

One loop owns the engine: it takes one thing at a time from the inbox, gives it to the core, tells
what the core says, and brings the kernel to the plan before it takes the next. So no two changes
ever cross. What could take long, a look at the routes of others, goes on beside it. Cancellation is
the only way to stop, and leaves every route as it is.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import NoReturn, assert_never

import trio

from route_switcher.core.engine import Engine
from route_switcher.core.routing.plan import Plan
from route_switcher.core.vocabulary.commands import Command, NewPolicy
from route_switcher.core.vocabulary.events import (
    Answers,
    Event,
    Links,
    LinkState,
    Refused,
    Release,
    Reload,
    Round,
    Routes,
    Start,
    Switch,
    Tick,
)
from route_switcher.core.vocabulary.outputs import (
    Decision,
    Notice,
    Output,
    ProbeNow,
    RuleChange,
    SpeedChange,
)
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction, under_new_names
from route_switcher.daemon.inbox import ForeignRoutes, Inbox, Item
from route_switcher.daemon.lookout import Lookout
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.probing import OpenProber, ProbeTasks
from route_switcher.daemon.reconcile import Table, reconcile
from route_switcher.kernel.base import Kernel, KernelNews

ATTEMPTS = 5
"""Reconciles in a row after one event: a refusal may change the plan, but not for ever."""

RESTORATIONS = 5
RESTORATION_SPAN = 0.5
"""How often in how many seconds routes that somebody else took away are put back at once. Beyond
that somebody is fighting for them, and they are put back once in that span."""


class Service:
    """One running engine. `table` is where route actions go: the kernel, or a dry run's record.

    `observers` are told what it does, in this order.
    """

    def __init__(
        self,
        policy: Policy,
        kernel: Kernel,
        open_prober: OpenProber,
        *,
        table: Table | None = None,
        look_at_links: Callable[[Policy, Iterable[LinkState]], None] = lambda *_: None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._kernel = kernel
        self._table = table or kernel
        self._open_prober = open_prober
        self._look_at_links = look_at_links
        self._observers = tuple(observers)
        self._engine = Engine(policy)
        self._links: dict[str, LinkState] = {}
        self._ours: frozenset[Route] = frozenset()
        """What the kernel should have of ours, by what it acknowledged; empty in a dry run."""
        self._planned: tuple[Plan, ...] = ()
        self._restored: deque[float] = deque([-inf] * RESTORATIONS, RESTORATIONS)
        self._restore_at = inf
        self._seen: tuple[Route, ...] = ()
        """What the kernel has of ours, as last read."""
        self._foreign: tuple[Route, ...] = ()
        """What it has of others."""
        self._inbox = Inbox()
        self._lookout = Lookout(kernel, self._inbox.give_foreign)
        self._probing: ProbeTasks

    async def submit(self, command: Command) -> None:
        """Have a command carried out, after those that wait; waits itself while too many do.

        A new policy takes the place of one that waits.
        """
        await self._inbox.give_command(command)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; ready when the standing routes are in and the probes have begun."""
        async with trio.open_nursery() as nursery:
            for observer in self._observers:
                nursery.start_soon(observer.run)
            nursery.start_soon(self._watch)
            self._probing = ProbeTasks(nursery, self._open_prober, self._inbox.give_round)
            await self._begin()
            self._probing.apply_policy(self._engine.policy)
            nursery.start_soon(self._lookout.run)
            task_status.started()
            while True:
                deadline = min(self._engine.deadline(), self._restore_at)
                await self._take(await self._inbox.next(deadline))

    async def _begin(self) -> None:
        self._kernel.follow(self._engine.policy.uplinks)
        links = await self._read_links(self._engine.policy)
        routes = await self._read_routes()
        if self._table is self._kernel:
            self._ours = frozenset(self._seen)
        self._handle(Start(trio.current_time(), links, routes))
        await self._converge()

    async def _watch(self) -> NoReturn:
        while True:
            self._inbox.give_news(await self._kernel.changed())

    async def _take(self, item: Item | None) -> None:
        match item:
            case None:
                self._handle(Tick(trio.current_time()))
            case Round() | Answers():
                self._handle(item)
            case NewPolicy():
                await self._take_policy(item.policy)
            case Switch() | Release():
                self._handle(replace(item, at=trio.current_time()))
            case ForeignRoutes():
                self._foreign = item.routes
                self._tell_core_of_routes()
            case KernelNews():
                began = trio.current_time()
                await self._take_news(item)
                self._inbox.rest(trio.current_time() - began)
            case _:
                assert_never(item)
        if self._engine.plans() != self._planned or self._restore_at <= trio.current_time():
            await self._converge()

    async def _take_policy(self, policy: Policy) -> None:
        self._kernel.follow(policy.uplinks)
        links = await self._read_links(policy)
        routes = await self._read_routes()
        if self._table is self._kernel:  # under the names that the new policy has for interfaces
            self._ours = frozenset(self._seen)
        self._handle(Reload(trio.current_time(), policy, links, routes))
        await self._converge()
        self._probing.apply_policy(policy)

    async def _take_news(self, news: KernelNews) -> None:
        if news.overrun:
            for observer in self._observers:
                observer.overrun()
        linked = news.links or news.addresses or news.overrun
        if linked:
            await self._take_links(all_told=news.links or news.addresses)
            if self._engine.plans() != self._planned:
                await self._converge()
        if linked or news.foreign:
            self._lookout.look()
        # Ours first, and alone: this read is cheap though the table be full.
        ours = await self._kernel.default_routes(ours_only=True)
        gone = self._ours - set(ours)
        if gone and not linked:  # the kernel may tell of a route before its link
            await self._take_links(all_told=False)
        self._take_names(ours)
        gone = self._ours - set(ours)
        changed = ours != self._seen
        self._see(ours)
        if gone:
            self._tell_of_loss(gone)
            now = trio.current_time()
            if self._restored[0] > now - RESTORATION_SPAN:
                self._restore_at = self._restored[0] + RESTORATION_SPAN
            else:
                self._restored.append(now)
        if (changed or gone) and self._restore_at == inf:
            await self._converge()

    async def _take_links(self, *, all_told: bool) -> None:
        before = self._links
        links = await self._read_links(self._engine.policy)
        changed = tuple(state for state in links if before.get(state.interface) != state)
        if changed and self._ours:
            self._take_names(await self._kernel.default_routes(ours_only=True))
        # An address that went and came back between two reads looks the same, but a route that was
        # refused in between may be possible again: so all are told.
        told = links if all_told else changed
        if told:
            self._handle(Links(trio.current_time(), told))

    def _take_names(self, seen: tuple[Route, ...]) -> None:
        """An altname may have gone, or now belong to another interface: our routes stay where they
        are, and only their names are others."""
        self._ours = under_new_names(self._ours, frozenset(seen))

    async def _read_routes(self) -> tuple[Route, ...]:
        routes = await self._kernel.default_routes()
        self._seen = tuple(route for route in routes if route.ours)
        self._foreign = tuple(route for route in routes if not route.ours)
        self._inbox.forget_foreign()
        self._lookout.make_void()
        return routes

    def _see(self, ours: tuple[Route, ...]) -> None:
        if ours != self._seen:
            self._seen = ours
            self._tell_core_of_routes()

    def _tell_core_of_routes(self) -> None:
        routes = sorted((*self._seen, *self._foreign), key=lambda r: (r.family.value, r.metric))
        self._handle(Routes(trio.current_time(), tuple(routes)))

    def _tell_of_loss(self, gone: frozenset[Route]) -> None:
        self._ours -= gone
        for route in sorted(gone, key=str):
            link = self._links.get(route.interface)
            usable = link is not None and link.up and route.family in link.families
            by = "somebody else" if usable else "the kernel, with its interface or address"
            for observer in self._observers:
                observer.route_lost(route, by)

    async def _converge(self) -> None:
        """Bring the kernel to the plan, and tell the core what came of it."""
        self._restore_at = inf
        for _ in range(ATTEMPTS):
            self._planned = self._engine.plans()
            began = trio.current_time()
            result = await reconcile(self._table, self._planned)
            if self._table is self._kernel:  # a dry run has printed its actions, and done nothing
                self._expect(result.done)
                for observer in self._observers:
                    observer.reconciled(result, trio.current_time() - began)
            if result.changed:
                # The routes first: they tell whether somebody holds the metric of what was refused.
                if result.refused:
                    await self._read_routes()
                    self._tell_core_of_routes()
                else:
                    self._see(await self._kernel.default_routes(ours_only=True))
            for action, why in result.refused:
                self._handle(Refused(trio.current_time(), action, why))
            # What was refused is out of the new plan, or (a deletion) would be refused again.
            if self._engine.plans() == self._planned:
                break

    def _expect(self, done: Sequence[RouteAction]) -> None:
        """Keep count of what should be there, and tell of what had to be added once more."""
        added = frozenset(a.route for a in done if a.change is not Change.DELETE)
        self._tell_of_loss(added & self._ours)
        replaced = {(a.route.family, a.route.metric) for a in done if a.change is Change.REPLACE}
        deleted = {a.route for a in done if a.change is Change.DELETE}
        deleted |= {r for r in self._ours if (r.family, r.metric) in replaced}
        self._ours = self._ours - deleted | added

    async def _read_links(self, policy: Policy) -> tuple[LinkState, ...]:
        interfaces = dict.fromkeys(uplink.interface for uplink in policy.uplinks)
        links = await self._kernel.link_states(interfaces)
        self._links = {state.interface: state for state in links}
        self._look_at_links(policy, links)
        return links

    def _handle(self, event: Event) -> None:
        for observer in self._observers:
            observer.event(event)
        for output in self._engine.handle(event):
            self._follow(output)

    def _follow(self, output: Output) -> None:
        for observer in self._observers:
            observer.output(output)
        match output:
            case ProbeNow():
                self._probing.ask(output.uplink, again=output.again)
            case SpeedChange():
                self._probing.set_speed(output.uplink, output.speed)
            case Decision() | RuleChange() | Notice():
                pass  # told, and in the plan
            case _:
                assert_never(output)
