"""One engine in virtual time: rounds on their schedule, an ideal kernel, and an internet that says
what becomes of every target.

It does what the daemon, its probe tasks and the kernel do together, without waiting: a month passes
in seconds, and the same course of events gives the same decisions, every time. At one instant,
rounds end before others are sent, and the engine's own deadlines come last. A hook ends well at the
instant at which it is run.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from math import ceil, inf
from typing import Self, assert_never

from route_switcher.core.effect_table import EffectTable
from route_switcher.core.engine import Engine
from route_switcher.core.probing.probing import evenly
from route_switcher.core.routing.reconcile import Convergence, Reconciled
from route_switcher.core.vocabulary.commands import Command, NewPolicy
from route_switcher.core.vocabulary.effects import Effect, EndConnections, RunHook
from route_switcher.core.vocabulary.events import (
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
    Routes,
    Start,
    Tick,
)
from route_switcher.core.vocabulary.hooks import Delivered
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.virtual.effects import effects_of_world
from route_switcher.virtual.internet import Fate, Internet
from route_switcher.virtual.next_hops import Line, WorldsNextHops
from route_switcher.virtual.probing import ProbeStreams
from route_switcher.virtual.schedule import NEVER, Schedule, nanoseconds, on_grid_from
from route_switcher.virtual.stream import Stream
from route_switcher.virtual.table import Table

SPINS = 1000
"""Deadlines in a row at one instant: more than any engine asks for that does not wake for ever."""


class World:
    """A policy's engine and all around it. Call `run`, change something, call `run` again.

    Rounds of every probe go through every uplink that it applies to, as in the daemon: uplink k of
    n (from 0) sends its first after k/n of the interval, and each other as long after the one
    before as `core.pace` says. `tell` is called with every output of the engine, at once; nothing
    is kept.
    """

    def __init__(
        self,
        policy: Policy,
        internet: Internet,
        tell: Callable[[Output], None],
        *,
        links: Iterable[LinkState] = (),
        table: Table | None = None,
        next_hops: Mapping[Line, NextHop | None] | None = None,
        start: float = 0.0,
        spread: Callable[[int, int], float] = evenly,
        overhear: Callable[[Event], None] | None = None,
    ) -> None:
        """Start the engine at `start` (seconds). Interfaces that `links` does not name are
        connected; without a `table` there is no default route yet. Uplinks that learn their next
        hop have one from the start, unless `next_hops` says another, or None.

        `spread` says for uplink `number` `of` how many after what share of the interval it begins.
        `overhear` is called with every event before the engine is given it.
        """
        self.internet = internet
        """May be exchanged between two runs."""
        self.table = Table() if table is None else table
        """Whoever changes it calls `see_routes` then."""
        self.engine: Engine
        """To be read only; `restart` replaces it."""
        self._say = tell
        self._overhear = overhear
        self._links = {state.interface: state for state in links}
        for state in self._links.values():
            self.table.set_link(state)
        self._next_hops = WorldsNextHops(dict(next_hops or {}))
        self._schedule = Schedule(nanoseconds(start))
        self._probing = ProbeStreams(
            self._schedule, self._ask_internet, self._handle, self.link_of, spread
        )
        self._convergence: Convergence
        self._effects: EffectTable
        self._ended: deque[HookEnded | ConnectionsEnded] = deque()
        self._deadline = inf
        self._wake = NEVER
        self._woken_at = NEVER
        self._spins = 0
        self._begin(policy, Delivered())

    # What is so now.

    @property
    def now(self) -> float:
        """The time, in seconds."""
        return self._schedule.seconds

    @property
    def policy(self) -> Policy:
        """The policy in effect."""
        return self.engine.policy

    def active(self, family: Family) -> str | None:
        """The name of the active uplink of a family; None before the first selection."""
        return self.engine.active(family)

    def status(self) -> Status:
        """All that the engine knows now."""
        return self.engine.status(self.now)

    def link_of(self, interface: str) -> LinkState:
        """What the kernel says of an interface."""
        return self._links.get(interface) or LinkState(interface)

    # Letting time pass.

    def run(self, until: float) -> Self:
        """Let everything happen that is due up to and including `until` (seconds)."""
        end = nanoseconds(until)
        self._run(end + 1)
        self._schedule.now = max(self._schedule.now, end)
        return self

    def run_before(self, until: float) -> None:
        """Let everything happen that is due before `until`: what is done next comes first then."""
        end = nanoseconds(until)
        self._run(end)
        self._schedule.now = max(self._schedule.now, end)

    def fast_forward(self, seconds: float, uplinks: Collection[UplinkId]) -> None:
        """Take it that nothing but rounds like the latest came for `seconds`, through
        `uplinks`, and that no round through another was due.

        That changes nothing while the engine is at rest (`Engine.at_rest`), no answer is missing of
        the rounds under way, and the internet would have answered them all alike. `seconds` is a
        multiple of every interval in use there, so that rounds go on at the instants at which they
        would have been sent anyway, and of `schedule.STRIDE`, so that times stay exact.
        """
        delta = nanoseconds(seconds)
        moved = [stream for stream in self._probing if stream.uplink in uplinks]
        self._schedule.fast_forward(delta, moved)
        for stream in moved:
            stream.fast_forward(delta)
        self.engine.fast_forward(seconds, uplinks)
        self._take_deadline()

    def streams(self) -> Iterator[Stream]:
        """The rounds of every probe through every uplink, to be read only."""
        return iter(self._probing)

    # Changing something, now.

    def set_links(self, *states: LinkState) -> None:
        """The links of interfaces change, all in one piece of news.

        Unless one is connected now, the answers under way through it are lost; and the table loses
        what the kernel drops.
        """
        for state in states:
            self._links[state.interface] = state
            self._probing.on_link(state)
            self.table.set_link(state)
        self._handle(Links(self._at, states))
        self.see_routes()

    def set_next_hops(self, changes: Mapping[Line, NextHop | None]) -> None:
        """The default routes of others by some interfaces lead to another next hop now, or there
        are none of that family any more (None), all in one piece of news."""
        self._probing.on_next_hops(self._next_hops.change(changes))
        self._handle(NextHops(self._at, self._next_hops.told(self.policy)))

    def lose(self, uplink: UplinkId) -> None:
        """Lose every answer that is under way through an uplink."""
        self._probing.lose(uplink)

    def see_routes(self) -> None:
        """Tell the engine of the table, after somebody else changed it."""
        self._handle(self._routes())

    def switch(self, uplink: str, *, seconds: float = inf, force: bool = False) -> None:
        """The operator orders the traffic to the uplink of that name, for a time or until it is
        released."""
        self.submit(Switch(self._at, uplink, self._at + seconds, force))

    def release(self, uplink: str) -> None:
        """The operator takes an order back, for the families of the uplink."""
        self.submit(Release(self._at, uplink))

    def reload(self, policy: Policy) -> None:
        """A new policy takes effect; streams of rounds that it does not change go on."""
        self.submit(NewPolicy(policy))

    def submit(self, command: Command) -> None:
        """Carry out a command, as the daemon would."""
        match command:
            case NewPolicy():
                policy = command.policy
                told = self._next_hops.told(policy)
                self._handle(Reload(self._at, policy, self._links_of(policy), None, told))
                self._probing.apply_policy(policy)
            case Switch() | Drill() | Release() | LastDelivered():
                self._handle(command)
            case _:
                assert_never(command)

    def restart(self, policy: Policy | None = None) -> None:
        """The engine ends and starts again, with a new policy if one is given; routes stay."""
        self._begin(policy or self.policy, self.engine.delivered)

    def tell(self, event: Event) -> None:
        """Tell the engine anything else, and follow its plan."""
        self._handle(event)

    # How it works.

    @property
    def _at(self) -> float:
        """The time as the engine is told."""
        return self._schedule.seconds

    def _begin(self, policy: Policy, delivered: Delivered) -> None:
        self._probing.close()
        self.engine = Engine(policy)
        self._convergence = Convergence(self.engine.plans)
        self._effects = effects_of_world(
            self._probing, self._convergence, self._run_hook, self._end_connections
        )
        links, rules = self._links_of(policy), self.table.rules.ours
        told = self._next_hops.told(policy)
        routes = self.table.routes
        self._handle(Start(self._at, links, routes, told, rules, delivered=delivered))
        self._probing.apply_policy(policy)

    def _run(self, end: int) -> None:
        """Let everything happen that is due before `end`."""
        schedule = self._schedule
        while True:
            due = schedule.due
            if self._wake < due:
                if self._wake >= end:
                    return
                self._wake_up()
            elif due >= end:
                return
            else:
                schedule.call_next()

    def _wake_up(self) -> None:
        schedule = self._schedule
        schedule.now = max(schedule.now, self._wake)
        self._spins = self._spins + 1 if self._woken_at == schedule.now else 0
        self._woken_at = schedule.now
        if self._spins > SPINS:
            raise RuntimeError(f"the engine wakes for ever at {self.now}")
        self._handle(Tick(max(self._at, on_grid_from(self._deadline))))

    def _handle(self, event: Event) -> None:
        self._give(event)
        if self._convergence.due:
            self._converge()
        while self._ended:
            self._give(self._ended.popleft())
        self._take_deadline()

    def _run_hook(self, effect: RunHook) -> None:
        self._ended.append(HookEnded(self._at, effect.hook, effect.moment.subject))

    def _end_connections(self, effect: EndConnections) -> None:
        self._ended.append(ConnectionsEnded(self._at, effect.family, effect.at))

    def _give(self, event: Event) -> None:
        if self._overhear is not None:
            self._overhear(event)
        for output in self.engine.handle(event):
            self._take(output)

    def _take_deadline(self) -> None:
        deadline = self.engine.deadline()
        if deadline != self._deadline:
            self._deadline = deadline
            self._wake = NEVER if deadline == inf else ceil(deadline * 1e9)

    def _take(self, output: Output) -> None:
        self._say(output)
        # What has no entry is outside the world, and only said.
        if isinstance(output, Effect) and type(output) in self._effects.kinds:
            self._effects.carry_out(output)

    def _converge(self) -> None:
        """Bring the table to the plan, and tell the engine what came of it."""
        self.table.carry_out(self._convergence.steps(), self._tell_engine)

    def _tell_engine(self, result: Reconciled) -> None:
        self._give(Applied(self._at, result.done, result.unfinished, result.rules_done))
        if result.changed:
            self._give(self._routes())
        for action, why in result.refused:
            self._give(Refused(self._at, action, why))
        for rule_action, why in result.rules_refused:
            self._give(RefusedRule(self._at, rule_action, why))

    def _routes(self) -> Routes:
        return Routes(self._at, self.table.routes, self.table.rules.ours)

    def _links_of(self, policy: Policy) -> tuple[LinkState, ...]:
        return tuple(self.link_of(uplink.interface) for uplink in policy.uplinks)

    def _ask_internet(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        return self.internet.answer(uplink, probe, target, sent_at)
