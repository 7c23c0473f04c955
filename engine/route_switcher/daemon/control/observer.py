"""What answers clients beside the engine: an observer with tasks of its own."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

import trio

from route_switcher.control.document import Program
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.events import Event, Release, Reload, Round, Switch
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.control.answers import Answers
from route_switcher.daemon.control.asked import Engine
from route_switcher.daemon.control.connections import Connections
from route_switcher.daemon.control.kept_orders import KeptOrders
from route_switcher.daemon.control.listener import Listener, NoControl
from route_switcher.daemon.control.on_trial import OnTrial
from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.control.watchers import Watchers
from route_switcher.daemon.last_minute import LastMinutes
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.reloading import Reloaded
from route_switcher.daemon.report import say

LIMIT = 5.0
"""Seconds that it may take to look a group up."""


class Control(Observer):
    """Answers on `listener`, if there is one; keeps orders over a restart in any case."""

    def __init__(
        self,
        engine: Engine,
        listener: Listener | None,
        program: Program,
        policy: Policy,
        reload: Callable[[float | None], Awaitable[Reloaded]],
        trial: OnTrial,
    ) -> None:
        self._engine = engine
        self._listener = listener
        self._minutes = LastMinutes()
        self._minutes.apply_policy(policy.uplinks)
        self._orders = KeptOrders()
        self._pace = Pace()
        self._answers = Answers(
            engine, program, policy, reload, trial, self._orders, self._minutes, self._pace
        )
        self._orders_changed, self._policy_changed = trio.Event(), trio.Event()
        # A look-up that hangs keeps its token, so that threads do not pile up.
        self._one = trio.CapacityLimiter(1)

    def event(self, event: Event) -> None:
        """Rounds are counted; a new policy may name another group, and end an order."""
        self._answers.drills.event(event)
        if isinstance(event, Round):
            self._minutes.on_round(event)
        elif isinstance(event, Reload):
            self._answers.policy = event.policy
            self._minutes.apply_policy(event.policy.uplinks)
            self._orders_changed.set()
            self._policy_changed.set()
        elif isinstance(event, Switch | Release):
            self._orders_changed.set()

    def output(self, output: Output) -> None:
        """A drill is measured; an order may have ended with a move."""
        self._answers.drills.output(output)
        if isinstance(output, Decision):
            self._orders_changed.set()

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        """A drill is measured."""
        self._answers.drills.reconciled()

    async def run(self) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_orders)
            nursery.start_soon(self._answers.drills.run)
            if self._listener is not None:
                nursery.start_soon(self._follow_group, self._listener)
                listening = trio.socket.from_stdlib_socket(self._listener.socket)
                watchers = Watchers(self._answers.document, self._pace)
                nursery.start_soon(watchers.run)
                answer = self._answers.answer
                nursery.start_soon(Connections(listening, answer, watchers, self._pace).run)

    async def _keep_orders(self) -> None:
        for order in await self._orders.restored():
            say(logging.INFO, "order", f"kept over the restart: switch to {order.uplink}")
            await self._engine.submit(order)
        self._answers.drills.resume()
        while True:
            self._orders_changed = trio.Event()
            await self._orders.keep(self._engine.status())
            await self._orders_changed.wait()

    async def _follow_group(self, listener: Listener) -> None:
        given: str | None = None
        while True:
            self._policy_changed = trio.Event()
            group = self._answers.policy.control.group
            if group != given:
                given, self._answers.group = group, None
                self._answers.group = await self._give(listener, group)
            await self._policy_changed.wait()

    async def _give(self, listener: Listener, group: str | None) -> int | None:
        why = f"group {group} could not be looked up within {LIMIT:g} s"
        if not self._one.borrowed_tokens:
            try:
                with trio.move_on_after(LIMIT):
                    return await trio.to_thread.run_sync(
                        partial(listener.give, group), abandon_on_cancel=True, limiter=self._one
                    )
            except NoControl as error:
                why = str(error)
            except RuntimeError as error:  # no thread (threading)
                why = f"{why}: {error}"
        say(logging.WARNING, "control", f"{why}. Until the next reload only root may ask and order")
        return None
