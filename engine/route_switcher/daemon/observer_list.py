"""The observers of a service. One that raises is told nothing more, and the engine goes on."""

from collections.abc import Callable, Iterable

import trio

from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.events import Event
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.report import tell_failed_observer


class ObserverList:
    """Tells each observer in turn. Where one raises, the log says so once, and it is left out from
    then on: to move the traffic matters more than who hears of it."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._tasks = {observer: trio.CancelScope() for observer in observers}
        """The task of each one that has not failed."""

    def add(self, observer: Observer) -> None:
        """Tell one more, after the others; to be called before `start`."""
        self._tasks[observer] = trio.CancelScope()

    def start(self, nursery: trio.Nursery) -> None:
        """Begin their tasks."""
        for observer, scope in self._tasks.items():
            nursery.start_soon(self._run, observer, scope)

    def event(self, event: Event) -> None:
        """See `Observer.event`."""
        self._tell(lambda observer: observer.event(event))

    def output(self, output: Output) -> None:
        """See `Observer.output`."""
        self._tell(lambda observer: observer.output(output))

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        """See `Observer.reconciled`."""
        self._tell(lambda observer: observer.reconciled(result, seconds))

    def overrun(self) -> None:
        """See `Observer.overrun`."""
        self._tell(lambda observer: observer.overrun())

    def _tell(self, call: Callable[[Observer], None]) -> None:
        for observer in tuple(self._tasks):
            try:
                call(observer)
            except Exception as error:
                self._leave_out(observer, error)

    async def _run(self, observer: Observer, scope: trio.CancelScope) -> None:
        with scope:
            try:
                await observer.run()
            except Exception as error:
                self._leave_out(observer, error)

    def _leave_out(self, observer: Observer, error: Exception) -> None:
        scope = self._tasks.pop(observer, None)
        if scope is not None:
            scope.cancel()
            tell_failed_observer(type(observer).__name__, error)
