"""The probe tasks: for every uplink one line, and over it one task for each probe."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Protocol, Self

import trio

from route_switcher.core.probing.assignment import UplinkProbing, probing_of
from route_switcher.core.probing.pace import Pace
from route_switcher.core.vocabulary.policy import Policy, Rule, Uplink
from route_switcher.core.vocabulary.states import Speed
from route_switcher.probes.schedule import Line, Report, repeat
from route_switcher.probes.timing import Timing


class OpenLine(Line, Protocol):
    """A line that is opened and closed, and has a task of its own while it is open."""

    def __enter__(self) -> Self:
        """Open the socket."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the socket."""
        ...

    async def run(self) -> object:
        """Receive, until cancelled."""
        ...


MakeLine = Callable[[Uplink], OpenLine]


class _Tasks:
    """The tasks of one uplink. Its first rounds are due after `share` of their interval."""

    def __init__(
        self, uplink: Uplink, work: UplinkProbing, rules: Iterable[Rule], share: float
    ) -> None:
        self.scope = trio.CancelScope()
        self._uplink = uplink
        # By their share of the interval, uplinks do not all send at one instant. The probes of one
        # do: to wake up once for all of them is what keeps rounds cheap.
        self._timings = [
            (asking, Timing(Pace(asking.probe, rules), share * asking.probe.interval))
            for asking in work.askings
        ]

    async def run(self, make_line: MakeLine, report: Report) -> None:
        with self.scope, make_line(self._uplink) as line:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(line.run)
                for asking, timing in self._timings:
                    nursery.start_soon(
                        repeat, self._uplink, asking.probe, line, report, timing, asking.measured
                    )

    def ask(self, *, again: bool) -> None:
        for _, timing in self._timings:
            timing.ask(again=again)

    def go(self, speed: Speed) -> None:
        for _, timing in self._timings:
            timing.go(speed)


class Probing:
    """Keeps the probe tasks of a policy running in `nursery`.

    A task ends the nursery with ProbeNotPermitted if the process may not open raw sockets.
    """

    def __init__(self, nursery: trio.Nursery, make_line: MakeLine, report: Report) -> None:
        self._nursery = nursery
        self._make_line = make_line
        self._report = report
        self._tasks: dict[UplinkProbing, _Tasks] = {}
        self._speeds: dict[str, Speed] = {}
        """The last speed told of each uplink, also of one whose tasks are still to come."""

    def take(self, policy: Policy) -> None:
        """Probe as `policy` says. Tasks for which it changes nothing go on undisturbed."""
        before, self._tasks = self._tasks, {}
        names = {uplink.name for uplink in policy.uplinks}
        self._speeds = {name: speed for name, speed in self._speeds.items() if name in names}
        for number, uplink in enumerate(policy.uplinks):
            work = probing_of(uplink, policy)
            tasks = before.pop(work, None)
            if tasks is None:
                share = number / len(policy.uplinks)
                tasks = _Tasks(uplink, work, policy.rules_for(uplink.name), share)
                tasks.go(self._speeds.get(uplink.name, Speed.NORMAL))
                self._nursery.start_soon(tasks.run, self._make_line, self._report)
            self._tasks[work] = tasks
        for tasks in before.values():
            tasks.scope.cancel()

    def ask(self, uplink: str, *, again: bool = False) -> None:
        """Have every probe ask through `uplink` at once, or `again` (see `ProbeNow`)."""
        for tasks in self._of(uplink):
            tasks.ask(again=again)

    def go(self, uplink: str, speed: Speed) -> None:
        """Probe through `uplink` at this speed from now on."""
        self._speeds[uplink] = speed
        for tasks in self._of(uplink):
            tasks.go(speed)

    def _of(self, uplink: str) -> Iterable[_Tasks]:
        return (tasks for work, tasks in self._tasks.items() if work.uplink == uplink)
