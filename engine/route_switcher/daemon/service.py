"""The daemon: probes, kernel news and reloads go into the engine; its plans go to the kernel.

One loop owns the engine: it takes one thing at a time from the inbox, gives it to the core, tells
what the core says, and brings the kernel to the plan before it takes the next. So no two changes
ever cross. Cancellation is the only way to stop, and leaves every route as it is.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NoReturn, TypeAlias

import trio

from route_switcher.core.decisions import Output, ProbeNow, SpeedChange
from route_switcher.core.engine import Engine
from route_switcher.core.events import (
    Answers,
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
from route_switcher.core.model import Policy
from route_switcher.core.plan import Plan
from route_switcher.core.routes import Change, Route, RouteAction
from route_switcher.daemon.probing import MakeLine, Probing
from route_switcher.daemon.reconcile import Table, reconcile
from route_switcher.daemon.report import say, tell, tell_answers, tell_reconciled, tell_round
from route_switcher.kernel.base import Kernel, KernelNews

INBOX = 1024
"""Events that may wait. Rounds are the most frequent, and each probe task has one at a time."""

ATTEMPTS = 5
"""Reconciles in a row after one event: a refusal may change the plan, but not for ever."""

RESTORATIONS = 5
RESTORATION_SPAN = 0.5
"""How often in how many seconds routes that somebody else took away are put back at once. Beyond
that somebody is fighting for them, and they are put back once in that span."""


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A reload was asked for, and its policy is sound."""

    policy: Policy


Item: TypeAlias = Round | Answers | KernelNews | NewPolicy


class Service:
    """One running engine. `table` is where route actions go: the kernel, or a dry run's record."""

    def __init__(
        self,
        policy: Policy,
        kernel: Kernel,
        make_line: MakeLine,
        *,
        table: Table | None = None,
        look_at_links: Callable[[Policy, Iterable[LinkState]], None] = lambda *_: None,
    ) -> None:
        self._kernel = kernel
        self._table = table or kernel
        self._make_line = make_line
        self._look_at_links = look_at_links
        self._engine = Engine(policy)
        self._links: dict[str, LinkState] = {}
        self._ours: frozenset[Route] = frozenset()
        """What the kernel should have of ours, by what it acknowledged; empty in a dry run."""
        self._planned: tuple[Plan, ...] = ()
        self._restored: deque[float] = deque([-inf] * RESTORATIONS, RESTORATIONS)
        self._restore_at = inf
        self._give, self._inbox = trio.open_memory_channel[Item](INBOX)
        self._probing: Probing

    async def reload(self, policy: Policy) -> None:
        """Let a new policy take effect."""
        await self._give.send(NewPolicy(policy))

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; ready when the standing routes are in and the probes have begun."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            self._probing = Probing(nursery, self._make_line, self._report)
            await self._begin()
            self._probing.take(self._engine.policy)
            task_status.started()
            while True:
                await self._take(await self._next())

    async def _begin(self) -> None:
        links = await self._read_links(self._engine.policy)
        routes = await self._kernel.default_routes()
        if self._table is self._kernel:
            self._ours = frozenset(route for route in routes if route.ours)
        self._handle(Start(trio.current_time(), links, routes))
        await self._converge()

    async def _report(self, event: Round | Answers) -> None:
        if isinstance(event, Round):
            tell_round(event)
        else:
            tell_answers(event)
        await self._give.send(event)

    async def _watch(self) -> NoReturn:
        while True:
            await self._give.send(await self._kernel.changed())

    async def _next(self) -> Item | None:
        with trio.move_on_at(min(self._engine.deadline(), self._restore_at)):
            return await self._inbox.receive()
        return None

    async def _take(self, item: Item | None) -> None:
        match item:
            case None:
                self._handle(Tick(trio.current_time()))
            case Round() | Answers():
                self._handle(item)
            case NewPolicy():
                links = await self._read_links(item.policy)
                self._handle(Reload(trio.current_time(), item.policy, links))
                await self._converge()
                self._probing.take(item.policy)
            case KernelNews():
                await self._take_news(item)
        if self._engine.plans() != self._planned or self._restore_at <= trio.current_time():
            await self._converge()

    async def _take_news(self, news: KernelNews) -> None:
        if news.overrun:
            say(logging.WARNING, "overrun", "netlink messages were lost; everything is read anew")
        before = self._links
        links = await self._read_links(self._engine.policy)
        changed = tuple(state for state in links if before.get(state.interface) != state)
        # An address that went and came back between two reads looks the same, but a route that was
        # refused in between may be possible again: so all are told.
        told = links if news.links or news.addresses else changed
        if told:
            self._handle(Links(trio.current_time(), told))
        if not (news.routes or news.overrun or changed):
            # Some other interface. Only a loss of our own routes would matter, and this read is
            # cheap though the table be full.
            ours = await self._kernel.default_routes(ours_only=True)
            if self._ours <= set(ours):
                return
        routes = await self._kernel.default_routes()
        gone = self._ours - set(routes)
        self._handle(Routes(trio.current_time(), routes))
        now = trio.current_time()
        if gone:
            self._tell_of_loss(gone)
            if self._restored[0] > now - RESTORATION_SPAN:
                self._restore_at = self._restored[0] + RESTORATION_SPAN
            else:
                self._restored.append(now)
        if self._restore_at == inf:
            await self._converge()

    def _tell_of_loss(self, gone: frozenset[Route]) -> None:
        self._ours -= gone
        for route in sorted(gone, key=str):
            link = self._links.get(route.interface)
            usable = link is not None and link.up and route.family in link.families
            by = "somebody else" if usable else "the kernel, with its interface or address"
            say(logging.WARNING, "gone", f"our route was taken away by {by}: {route}")

    async def _converge(self) -> None:
        """Bring the kernel to the plan, and tell the core what came of it."""
        self._restore_at = inf
        for _ in range(ATTEMPTS):
            self._planned = self._engine.plans()
            began = trio.current_time()
            result = await reconcile(self._table, self._planned)
            if self._table is self._kernel:  # a dry run has printed its actions, and done nothing
                self._expect(result.done)
                tell_reconciled(result, trio.current_time() - began)
            # The routes first: they tell whether somebody holds the metric of what was refused.
            if result.changed:
                routes = await self._kernel.default_routes()
                self._handle(Routes(trio.current_time(), routes))
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
        links = tuple([await self._kernel.link_state(name) for name in interfaces])
        self._links = {state.interface: state for state in links}
        self._look_at_links(policy, links)
        return links

    def _handle(self, event: Event) -> None:
        for output in self._engine.handle(event):
            self._follow(output)

    def _follow(self, output: Output) -> None:
        tell(output)
        match output:
            case ProbeNow():
                self._probing.ask(output.uplink)
            case SpeedChange():
                self._probing.go(output.uplink, output.speed)
