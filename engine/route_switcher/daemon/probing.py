"""The probe tasks: for every uplink one line, and over it one task for each probe."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import trio

from route_switcher.core.events import Round
from route_switcher.core.model import Family, Policy, Probe, Uplink
from route_switcher.core.pace import Pace, failures_that_count
from route_switcher.probes.schedule import Line, Urgent, repeat

Report = Callable[[Round], Awaitable[None]]


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


@dataclass(frozen=True, slots=True)
class _Work:
    """What the tasks of one uplink depend on: a reload that changes none of it lets them be."""

    name: str
    interface: str
    family: Family
    probes: tuple[tuple[Probe, int], ...]


class _Tasks:
    """The tasks of one uplink."""

    def __init__(self, uplink: Uplink, policy: Policy, number: int) -> None:
        self.uplink = uplink
        self.policy = policy
        self.number = number
        self.urgent = [Urgent() for _ in policy.probes]
        self.scope = trio.CancelScope()

    async def run(self, make_line: MakeLine, report: Report) -> None:
        with self.scope, make_line(self.uplink) as line:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(line.run)
                for probe, urgent in zip(self.policy.probes, self.urgent, strict=True):
                    pace = Pace(probe, self.policy.rules)
                    # Over the interval, so that uplinks do not all send at one instant. The probes
                    # of one do: to wake up once for all of them is what keeps rounds cheap.
                    spread = self.number * probe.interval / len(self.policy.uplinks)
                    nursery.start_soon(
                        repeat, self.uplink, probe, line, report, urgent, pace, spread
                    )


class Probing:
    """Keeps the probe tasks of a policy running in `nursery`.

    A task ends the nursery with ProbeNotPermitted if the process may not open raw sockets.
    """

    def __init__(self, nursery: trio.Nursery, make_line: MakeLine, report: Report) -> None:
        self._nursery = nursery
        self._make_line = make_line
        self._report = report
        self._tasks: dict[_Work, _Tasks] = {}

    def take(self, policy: Policy) -> None:
        """Probe as `policy` says. Tasks for which it changes nothing go on undisturbed."""
        before, self._tasks = self._tasks, {}
        for number, uplink in enumerate(policy.uplinks):
            work = _work(uplink, policy)
            kept = before.pop(work, None)
            self._tasks[work] = kept or _Tasks(uplink, policy, number)
            if kept is None:
                self._nursery.start_soon(self._tasks[work].run, self._make_line, self._report)
        for tasks in before.values():
            tasks.scope.cancel()

    def ask(self, uplink: str) -> None:
        """Have every probe ask through `uplink` at once."""
        for work, tasks in self._tasks.items():
            if work.name == uplink:
                for urgent in tasks.urgent:
                    urgent.ask()


def _work(uplink: Uplink, policy: Policy) -> _Work:
    probes = tuple((p, failures_that_count(p, policy.rules)) for p in policy.probes)
    return _Work(uplink.name, uplink.interface, uplink.family, probes)
