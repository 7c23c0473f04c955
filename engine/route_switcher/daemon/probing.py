"""The probe tasks: for every uplink and check one prober, and for each probe one task that asks."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import TypeAlias

import trio

from route_switcher.core.probing.assignment import UplinkProbing
from route_switcher.core.probing.pace import Pace
from route_switcher.core.probing.probing import Probing
from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Uplink, UplinkId
from route_switcher.probes.prober import OpenedProber
from route_switcher.probes.schedule import LeftOut, Report, repeat
from route_switcher.probes.timing import TellDelay, Timing

OpenProber: TypeAlias = Callable[[Uplink, Check], OpenedProber]


class _UplinkTasks:
    """The tasks of one uplink. Its first rounds are due after `share` of their interval."""

    def __init__(
        self,
        uplink: Uplink,
        work: UplinkProbing,
        rules: Iterable[Rule],
        share: float,
        left_out: LeftOut,
        tell_delay: TellDelay,
    ) -> None:
        self._left_out = left_out
        self._scope = trio.CancelScope()
        self._uplink = uplink
        # By their share of the interval, uplinks do not all send at one instant. The probes of one
        # do: to wake up once for all of them is what keeps rounds cheap.
        self._timings = [
            (asking, Timing(Pace(asking.probe, rules), share * asking.probe.interval, tell_delay))
            for asking in work.askings
        ]

    async def run(self, open_prober: OpenProber, report: Report) -> None:
        checks = dict.fromkeys(asking.probe.check for asking, _ in self._timings)
        with self._scope, ExitStack() as opened:
            # Probes that ask alike share a prober, and so its sockets.
            probers = {
                check: opened.enter_context(open_prober(self._uplink, check)) for check in checks
            }
            async with trio.open_nursery() as nursery:
                for prober in probers.values():
                    nursery.start_soon(prober.run)
                for asking, timing in self._timings:
                    prober = probers[asking.probe.check]
                    nursery.start_soon(
                        repeat,
                        self._uplink,
                        asking.probe,
                        prober,
                        report,
                        timing,
                        asking.measured,
                        self._left_out,
                    )

    def ask(self, *, again: bool) -> None:
        for _, timing in self._timings:
            timing.ask(again=again)

    def set_speed(self, speed: Speed) -> None:
        for _, timing in self._timings:
            timing.set_speed(speed)

    def close(self) -> None:
        self._scope.cancel()


class ProbeTasks(Probing[_UplinkTasks]):
    """Keeps the probe tasks of a policy running in `nursery`.

    A task ends the nursery with ProbeNotPermitted where the process may not open its sockets.
    `tell_delay` is told how late each round is sent.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        open_prober: OpenProber,
        report: Report,
        tell_delay: TellDelay = lambda _: None,
    ) -> None:
        super().__init__()
        self._tell_delay = tell_delay
        self._nursery = nursery
        self._open_prober = open_prober
        self._report = report
        self._left_out: dict[UplinkId, Mapping[Target, str]] = {}

    def leave_out(self, uplink: UplinkId, targets: Mapping[Target, str]) -> None:
        """From now on, do not ask these targets through `uplink`, each for a reason."""
        self._left_out[uplink] = targets

    def _begin(
        self, uplink: Uplink, work: UplinkProbing, policy: Policy, share: float
    ) -> _UplinkTasks:
        rules = policy.rules_for(uplink.name)
        tasks = _UplinkTasks(
            uplink,
            work,
            rules,
            share,
            lambda: self._left_out.get(uplink.id, {}),
            self._tell_delay,
        )
        self._nursery.start_soon(tasks.run, self._open_prober, self._report)
        return tasks
