"""The probe tasks: one for every probe and uplink, all in one nursery that a reload replaces."""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Protocol, Self

import trio

from route_switcher.core.events import Round
from route_switcher.core.model import Policy, Uplink
from route_switcher.core.pace import Pace
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


class Probing:
    """Runs a policy's probe tasks until it is cancelled."""

    def __init__(self, policy: Policy, make_line: MakeLine, report: Report) -> None:
        self._policy = policy
        self._make_line = make_line
        self._report = report
        self._urgent: dict[str, list[Urgent]] = {}
        self._scope = trio.CancelScope()

    def ask(self, uplink: str) -> None:
        """Have every probe ask through `uplink` at once."""
        for urgent in self._urgent.get(uplink, ()):
            urgent.ask()

    def cancel(self) -> None:
        """End all probe tasks."""
        self._scope.cancel()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open one line for each uplink, and probe through it; ready when all lines are open.

        Raises ProbeNotPermitted if the process may not open raw sockets.
        """
        policy = self._policy
        with ExitStack() as lines, self._scope:
            async with trio.open_nursery() as nursery:
                for number, uplink in enumerate(policy.uplinks):
                    line = lines.enter_context(self._make_line(uplink))
                    nursery.start_soon(line.run)
                    self._urgent[uplink.name] = []
                    for probe in policy.probes:
                        urgent = Urgent()
                        self._urgent[uplink.name].append(urgent)
                        # Spread over the interval, so that uplinks do not all send at one instant.
                        spread = number * probe.interval / len(policy.uplinks)
                        pace = Pace(probe, policy.rules)
                        nursery.start_soon(
                            repeat, uplink, probe, line, self._report, urgent, pace, spread
                        )
                task_status.started()
