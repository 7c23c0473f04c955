"""What answers clients beside the engine: an observer with tasks of its own."""

import logging
from collections.abc import Awaitable, Callable, Sequence

import trio

from route_switcher.control.document import Program
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.events import Answers as LateAnswers
from route_switcher.core.vocabulary.events import Event, Reload, Round
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.control.answers import Answers
from route_switcher.daemon.control.asked import Engine
from route_switcher.daemon.control.connections import Connections
from route_switcher.daemon.control.kept_orders import KeptOrders
from route_switcher.daemon.control.listener import Listener
from route_switcher.daemon.control.on_trial import OnTrial
from route_switcher.daemon.control.pace import Pace
from route_switcher.daemon.control.upkeep import LOOK, Upkeep
from route_switcher.daemon.control.watchers import Watchers
from route_switcher.daemon.last_minute import LastMinutes
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.reloading import Reloaded
from route_switcher.daemon.report import say


class Control(Observer):
    """Answers on what `listener` has; keeps orders over a restart in any case."""

    def __init__(
        self,
        engine: Engine,
        listener: Listener,
        program: Program,
        policy: Policy,
        reload: Callable[[float | None], Awaitable[Reloaded]],
        trial: OnTrial,
        troubles: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """`troubles` says what a person should know that is no matter of uplinks."""
        self._engine = engine
        self._trial = trial
        self._minutes = LastMinutes()
        self._minutes.apply_policy(policy)
        self._orders = KeptOrders()
        self._pace = Pace()
        self._answers = Answers(
            engine,
            program,
            policy,
            reload,
            trial,
            self._orders,
            self._minutes,
            self._pace,
            troubles,
        )
        self._orders_changed = trio.Event()
        self._watchers = Watchers(self._answers.document, self._pace)
        self._connections = Connections(self._answers.answer, self._watchers, self._pace)
        self._upkeep = Upkeep(
            listener,
            self._connections.listen_on,
            lambda: self._answers.policy.control.group,
            self._answers.give_to,
        )

    @property
    def minutes(self) -> LastMinutes:
        """What the rounds of the last minute came to."""
        return self._minutes

    def event(self, event: Event) -> None:
        """Rounds are counted; a new policy may name another group, and end an order."""
        self._answers.drills.event(event)
        if isinstance(event, Round):
            self._minutes.on_round(event)
        elif isinstance(event, LateAnswers):
            self._minutes.on_answers(event)
        elif isinstance(event, Reload):
            self._answers.policy = event.policy
            self._minutes.apply_policy(event.policy)
            self._orders_changed.set()
            self._upkeep.apply_policy()
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
            nursery.start_soon(self._keep_files)
            nursery.start_soon(self._upkeep.run)
            nursery.start_soon(self._watchers.run)
            nursery.start_soon(self._connections.run)

    async def _keep_orders(self) -> None:
        for order in await self._orders.restored():
            say(logging.INFO, "order", f"kept over the restart: switch to {order.uplink}")
            await self._engine.submit(order)
        self._answers.drills.resume()
        while True:
            self._orders_changed = trio.Event()
            await self._orders.keep(self._engine.status())
            await self._orders_changed.wait()

    async def _keep_files(self) -> None:
        """Somebody may delete what is to hold over a restart."""
        while True:
            await trio.sleep(LOOK)
            await self._orders.look()
            await self._trial.look()
