"""The daemon: probes, kernel news and reloads go into the engine; its plans go to the kernel.

One loop owns the engine: it takes one thing at a time from the inbox, gives it to the core, tells
what the core says, and brings the kernel to the plan before it takes the next. So no two changes
ever cross. What could take long, a look at the routes of others, goes on beside it. Cancellation is
the only way to stop, and leaves every route as it is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn, assert_never

import trio

from route_switcher.core.effect_table import EffectTable
from route_switcher.core.engine import Engine
from route_switcher.core.routing.reconcile import Convergence, Reconciled
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.commands import Command, NewPolicy
from route_switcher.core.vocabulary.effects import Effect, EndConnections, RunHook, Verify
from route_switcher.core.vocabulary.events import (
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
from route_switcher.core.vocabulary.hooks import Delivered
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import Output, RouteLost, RoutingRuleLost
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Change, Route
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.core.vocabulary.ways import Findings
from route_switcher.daemon.asking import Asking, worth_asking
from route_switcher.daemon.carry_out import Table, carry_out
from route_switcher.daemon.connections import EndThem, not_ended
from route_switcher.daemon.effects import effects_of_daemon
from route_switcher.daemon.hooks.paper import RunProgram, not_run
from route_switcher.daemon.inbox import Beat, ForeignRoutes, FoundHops, Inbox, Item
from route_switcher.daemon.last_read import LastRead
from route_switcher.daemon.observer_list import ObserverList
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.probing import OpenProber, ProbeTasks
from route_switcher.daemon.submitted import Outcome, Submitted
from route_switcher.daemon.verifying import OpenUnbound, Verifying
from route_switcher.kernel.base import Kernel, KernelNews, Oracle
from route_switcher.probes.prober import OpenedProber, ProbeNotPermitted
from route_switcher.probes.timing import TellDelay


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
        oracle: Oracle | None = None,
        run_program: RunProgram = not_run,
        end_connections: EndThem = not_ended,
        remembers: bool = False,
        open_unbound: OpenUnbound | None = None,
        tell_delay: TellDelay = lambda _: None,
    ) -> None:
        """`run_program` runs what hooks name; `end_connections` ends those that stick to an uplink
        that was left. `remembers`: a command `LastDelivered` will tell what hooks were told before
        the start. `open_unbound` opens what verifies switches; without it none is verified.
        `tell_delay` is told how late each round is sent."""
        self._kernel = kernel
        self._table = table or kernel
        self._open_prober = open_prober
        self._observers = ObserverList(observers)
        self._engine = Engine(policy)
        self._convergence = Convergence(self._engine.plans)
        self._began = 0.0
        """When the reconcile began that goes on."""
        self._inbox = Inbox()
        self._last = LastRead(kernel, self._inbox, look_at_links)
        self._asking = Asking(oracle, self._engine.questions, self._inbox.give_ways)
        self._run_program = run_program
        self._end_connections = end_connections
        self._remembers = remembers
        self._tell_delay = tell_delay
        self._verifying = (
            None
            if open_unbound is None
            else Verifying(open_unbound, self._open_bound, self._inbox.give_round)
        )
        self._probing: ProbeTasks
        self._effects: EffectTable
        self._after_routes: list[Effect] = []

    def observe(self, observer: Observer) -> None:
        """Tell one more observer, after the others; to be called before `run`."""
        self._observers.add(observer)

    async def submit(self, command: Command) -> Outcome | None:
        """Have a command carried out, after those that wait, and return what came of it.

        Who stops waiting does not take it back. A new policy takes the place of one that waits,
        whose outcome is None.
        """
        given = Submitted(command)
        await self._inbox.give_command(given)
        return await given.outcome()

    async def beat(self) -> None:
        """Return when the loop has come to this: it goes on."""
        beat = Beat()
        self._inbox.give_beat(beat)
        await beat.taken.wait()

    @property
    def policy(self) -> Policy:
        """The one that counts now."""
        return self._engine.policy

    def status(self) -> Status:
        """What the engine knows now. Before it has begun, that is of no family."""
        return self._engine.status(trio.current_time())

    def next_hop(self, uplink: UplinkId) -> NextHop | None:
        """Where the packets of an uplink go first now; None: that is not known."""
        return self._engine.next_hop(uplink)

    @property
    def delivered(self) -> Delivered:
        """What hooks were told last, to be kept over a restart."""
        return self._engine.delivered

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; ready when the standing routes are in and the probes have begun."""
        async with trio.open_nursery() as nursery:
            self._observers.start(nursery)
            nursery.start_soon(self._watch)
            self._probing = ProbeTasks(
                nursery, self._open_prober, self._inbox.give_round, self._tell_delay
            )
            self._effects = effects_of_daemon(
                self._probing,
                self._convergence,
                self._asking.ask,
                lambda effect: nursery.start_soon(self._run_hook, effect),
                partial(self._verify, nursery),
                lambda effect: nursery.start_soon(self._end, effect),
            )
            await self._begin()
            self._probing.apply_policy(self._engine.policy)
            nursery.start_soon(self._last.lookout.run)
            nursery.start_soon(self._last.hop_watch.run)
            nursery.start_soon(self._asking.run)
            task_status.started()
            while True:
                await self._take(await self._inbox.next(self._engine.deadline()))

    async def _begin(self) -> None:
        await self._last.follow_policy(self._engine.policy)
        hops = await self._last.read_hops()
        links = await self._last.read_links(self._engine.policy)
        routes = await self._last.read_routes()
        self._handle(
            Start(
                trio.current_time(),
                links,
                routes,
                hops,
                self._last.rules,
                asks=self._asking.asks,
                delivered=None if self._remembers else Delivered(),
            )
        )
        await self._converge()
        self._carry_out_after_routes()
        self._asking.follow(self._engine.policy.uplinks)
        if self._asking.asks:
            # Before the first round: a wrong way must not make an uplink look well.
            self._see_ways(await self._asking.findings())

    async def _watch(self) -> NoReturn:
        while True:
            self._inbox.give_news(await self._kernel.changed())

    async def _take(self, item: Item | None) -> None:
        outputs: tuple[Output, ...] = ()
        match item:
            case None:
                self._handle(Tick(trio.current_time()))
            case Round() | Answers():
                self._handle(item)
            case HookEnded() | Verified() | ConnectionsEnded():
                self._handle(replace(item, at=trio.current_time()))
            case Submitted():
                outputs = await self._take_command(item.command)
            case Findings():
                self._see_ways(item)
            case Beat():
                item.taken.set()
            case ForeignRoutes():
                if item.routes != self._last.foreign:
                    self._ask_anew()
                self._last.foreign = item.routes
                self._tell_core_of_routes()
            case FoundHops():
                # The links that belong to them come first.
                await self._take_links(all_told=False)
                self._handle(NextHops(trio.current_time(), item.hops))
            case KernelNews():
                began = trio.current_time()
                await self._take_news(item)
                self._inbox.rest(trio.current_time() - began)
            case _:
                assert_never(item)
        await self._converge_if_due()
        self._carry_out_after_routes()
        if isinstance(item, Submitted):
            item.settle(Outcome(outputs, self.status()))

    async def _take_command(self, command: Command) -> tuple[Output, ...]:
        match command:
            case NewPolicy():
                return await self._take_policy(command.policy)
            case Switch() | Drill() | Release() | LastDelivered():
                return self._handle(replace(command, at=trio.current_time()))
            case _:
                assert_never(command)

    def _carry_out_after_routes(self) -> None:
        effects, self._after_routes = self._after_routes, []
        for effect in effects:
            self._effects.carry_out(effect)

    def _open_bound(self, uplink: UplinkId, check: Check) -> OpenedProber:
        """Raises ProbeNotPermitted, also if a reload has taken the uplink away."""
        for each in self._engine.policy.uplinks:
            if each.id == uplink:
                return self._open_prober(each, check)
        raise ProbeNotPermitted(f"{uplink.name} has left the policy")

    def _verify(self, nursery: trio.Nursery, effect: Verify) -> None:
        if self._verifying is not None:
            nursery.start_soon(self._verifying.run, effect)

    async def _run_hook(self, effect: RunHook) -> None:
        problem = await self._run_program(effect, self._engine.policy)
        now = trio.current_time()
        await self._inbox.give_round(HookEnded(now, effect.hook, effect.moment.subject, problem))

    async def _end(self, effect: EndConnections) -> None:
        await self._end_connections(effect, self._engine.active)
        now = trio.current_time()
        await self._inbox.give_round(ConnectionsEnded(now, effect.family, effect.at))

    def _see_ways(self, findings: Findings) -> None:
        self._handle(Ways(trio.current_time(), findings))

    def _ask_anew(self) -> None:
        """What was asked of ways before does not count any more."""
        self._inbox.forget_ways()
        self._asking.ask_anew()

    async def _take_policy(self, policy: Policy) -> tuple[Output, ...]:
        await self._last.follow_policy(policy)
        # All by the names that the new policy has for interfaces.
        hops = await self._last.read_hops()
        links = await self._last.read_links(policy)
        routes = await self._last.read_routes()
        now = trio.current_time()
        outputs = self._handle(Reload(now, policy, links, routes, hops, self._last.rules))
        self._asking.follow(policy.uplinks)
        self._ask_anew()
        await self._converge()
        self._probing.apply_policy(policy)
        return outputs

    async def _take_news(self, news: KernelNews) -> None:
        if news.overrun:
            self._observers.overrun()
        linked = news.links or news.addresses or news.overrun
        if linked or news.next_hops:
            self._last.hop_watch.look()
        if news == KernelNews(next_hops=True):
            # A setting that takes one away is told by nothing else.
            self._last.look_at_links(self._engine.policy)
            return
        if linked:
            await self._take_links(all_told=news.links or news.addresses)
            await self._converge_if_due()
        if linked or news.foreign:
            self._last.lookout.look()
        # Ours first, and alone: this read is cheap though the table be full.
        ours = await self._kernel.default_routes(ours_only=True)
        rules = await self._kernel.our_rules() if news.rules or news.overrun else self._last.rules
        await self._take_links_if_lost(self._last.ours, ours)
        self._see(ours, rules)
        await self._converge_if_due()

    async def _take_links(self, *, all_told: bool) -> None:
        before = self._last.links
        links = await self._last.read_links(self._engine.policy)
        changed = tuple(state for state in links if before.get(state.interface) != state)
        # An altname may have gone, or now belong to another interface.
        ours = await self._kernel.default_routes(ours_only=True) if changed else None
        # An address that went and came back between two reads looks the same, but a route that was
        # refused in between may be possible again: so all are told.
        told = links if all_told else changed
        if changed:
            self._ask_anew()
        if told:
            self._handle(Links(trio.current_time(), told, ours))

    async def _take_links_if_lost(self, before: Iterable[Route], ours: Iterable[Route]) -> None:
        """The kernel may drop a route, and tell of it, before we know of its link."""
        if set(before) - set(ours):
            await self._take_links(all_told=False)

    def _see(self, ours: tuple[Route, ...], rules: tuple[RoutingRule, ...]) -> None:
        if (ours, rules) != (self._last.ours, self._last.rules):
            self._last.ours, self._last.rules = ours, rules
            self._ask_anew()
            self._tell_core_of_routes()

    def _tell_core_of_routes(self) -> None:
        self._handle(Routes(trio.current_time(), self._last.routes, self._last.rules))

    async def _converge_if_due(self) -> None:
        if self._convergence.due:
            await self._converge()

    async def _converge(self) -> None:
        """Bring the kernel to the plan, and tell the core what came of it."""
        self._began = trio.current_time()
        await carry_out(self._convergence.steps(), self._table, self._on_reconciled)

    async def _on_reconciled(self, result: Reconciled) -> None:
        now = trio.current_time()
        real = self._table is self._kernel  # a dry run has printed its actions, and done nothing
        done, rules = (result.done, result.rules_done) if real else ((), ())
        self._handle(Applied(now, done, result.unfinished, rules))
        if real:
            again = self._engine.only_puts_back(now, result)
            self._observers.reconciled(replace(result, again=again), now - self._began)
        if result.changed:
            deleted = {a.route for a in result.done if a.change is Change.DELETE}
            before = {*self._last.ours, *(action.route for action in result.done)} - deleted
            await self._last.read_after(result)
            if real:
                await self._take_links_if_lost(before, self._last.ours)
            self._tell_core_of_routes()
            self._ask_anew()
        # After the routes: they tell whether somebody holds the metric of what was refused.
        for action, why in result.refused:
            self._handle(Refused(trio.current_time(), action, why))
        for rule_action, why in result.rules_refused:
            self._handle(RefusedRule(trio.current_time(), rule_action, why))
        self._began = trio.current_time()

    def _handle(self, event: Event) -> tuple[Output, ...]:
        self._observers.event(event)
        outputs = self._engine.handle(event)
        for output in outputs:
            self._follow(output)
        return outputs

    def _follow(self, output: Output) -> None:
        if isinstance(output, RouteLost | RoutingRuleLost) and self._table is not self._kernel:
            return  # a dry run owns nothing
        self._observers.output(output)
        if worth_asking(output):
            self._asking.ask()
        if isinstance(output, Effect):
            if output.after_routes:
                self._after_routes.append(output)
            else:
                self._effects.carry_out(output)
