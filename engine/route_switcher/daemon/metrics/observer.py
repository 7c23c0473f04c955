"""What counts for Prometheus while the engine runs, and gives it to those who ask."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.events import Event, Reload
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.metrics.listening import Listening
from route_switcher.daemon.metrics.reading import Reading, Sources, pieces
from route_switcher.daemon.metrics.server import Server
from route_switcher.daemon.metrics.tally import Tally
from route_switcher.daemon.metrics.time_active import TimeActive
from route_switcher.daemon.observers import Observer


class Engine(Protocol):
    """What is asked of the service."""

    def status(self) -> Status:
        """What the engine knows now."""


class Metrics(Observer):
    """Counts from the start on, also while the policy gives no metrics. `tally` is told by the
    service how late rounds are sent."""

    def __init__(self, engine: Engine, tally: Tally, sources: Sources) -> None:
        self._engine = engine
        self._tally = tally
        self._sources = sources
        self._time_active = TimeActive()
        self._active: dict[Family, str] = {}
        self._renamed = False
        """Whether uplinks may have other names since the latest event."""
        self._listening = Listening(Server(self._pieces), tally.policy)

    @property
    def troubles(self) -> Sequence[str]:
        """What a person should know, in words."""
        trouble = self._listening.trouble
        return [trouble] if trouble else []

    def event(self, event: Event) -> None:
        """It is counted; a new policy may give the metrics elsewhere."""
        if self._renamed:
            self._renamed = False
            self._see(self._engine.status())
        self._tally.event(event)
        if isinstance(event, Reload):
            self._time_active.see(event.at, self._active)
            self._time_active.keep(frozenset(uplink.id for uplink in event.policy.uplinks))
            self._renamed = True
            self._listening.apply_policy(event.policy)

    def output(self, output: Output) -> None:
        """It is counted."""
        self._tally.output(output)
        if isinstance(output, Decision):
            self._active = self._active | {output.family: output.selected}
            self._time_active.see(output.at, self._active)

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        """It is counted."""
        self._tally.reconciled(result, seconds)

    def overrun(self) -> None:
        """It is counted."""
        self._tally.overruns += 1

    async def run(self) -> None:
        """Until cancelled."""
        await self._listening.run()

    def _see(self, status: Status) -> None:
        self._active = {f.family: f.active for f in status.families if f.active is not None}
        self._time_active.see(status.at, self._active)

    def _pieces(self) -> Iterator[str]:
        status = self._engine.status()
        self._see(status)
        return pieces(Reading(status, self._tally, self._time_active, self._sources))
