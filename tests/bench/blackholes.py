"""How long a silent failure goes on, beside what the policy alone makes it last."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from bench.cutting import Blackhole
from bench.figures import Table, first_paragraph, goal, median_and_largest
from bench.observing import Moves, Sendings
from bench.running import Engine, policy_text
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab

FAULTS = 20
FAILURES = 3
GOAL = 10.0
_AFTERWARDS = 0.03
"""Seconds that the stream goes on after a move before the fault is mended."""


@dataclass(frozen=True, slots=True)
class Timing:
    """One policy's times in milliseconds."""

    name: str
    interval: int
    fast: int
    timeout: int

    @property
    def detection(self) -> float:
        """Seconds from the first failed sending to the verdict."""
        return ((FAILURES - 1) * self.fast + self.timeout) / 1000


@dataclass(frozen=True, slots=True)
class _Fault:
    """One fault: what was seen of it, in seconds on time.monotonic."""

    cut_at: float
    sent_at: float
    moved_at: float
    resumed_by: float


AT_1_S = Timing("1 s x 3", 1000, 1000, 1000)
AT_100_MS = Timing("100 ms x 3", 100, 100, 100)
AT_50_MS = Timing("50 ms x 3", 50, 50, 50)
CONFIRMED_FAST = Timing("1 s x 3, confirmed every 250 ms", 1000, 250, 250)


def measure(timing: Timing) -> Table:
    """The active one of two uplinks is cut beyond its ISP, 20 times, at instants spread evenly over
    the interval. Theory: the time to the next sending, as seen at the ISP, + 2 x the interval (or
    the fast one) + the timeout. An outage ends with the kernel's message that another default route
    is the best, and, for the user, with the first packet that comes back of a stream of 1,000 a
    second. Milliseconds, median / largest.

    Nobody fails back: the uplink that was cut and mended is recovering, and the next to be used.
    """
    with Lab() as lab:
        row = _row(timing, *_faults(lab, timing))
    columns = (
        "policy",
        "theory (mean)",
        "outage, routes",
        "outage, packets",
        "over theory, routes",
        "over theory, packets",
        "goal for the median",
    )
    return Table("A blackhole", first_paragraph(measure.__doc__), columns, (row,))


def _row(timing: Timing, faults: list[_Fault], outages: list[float]) -> tuple[str, ...]:
    theory = [1000 * (f.sent_at - f.cut_at + timing.detection) for f in faults]
    routes = [1000 * (f.moved_at - f.cut_at) for f in faults]
    over = [seen - said for seen, said in zip(routes, theory, strict=True)]
    over_packets = [seen - said for seen, said in zip(outages, theory, strict=True)]
    return (
        timing.name,
        f"{sum(theory) / len(theory):.0f}",
        median_and_largest(routes, ".0f"),
        median_and_largest(outages, ".0f"),
        median_and_largest(over),
        median_and_largest(over_packets),
        goal(sorted(over)[len(over) // 2], GOAL, "ms"),
    )


def _faults(lab: Lab, timing: Timing) -> tuple[list[_Fault], list[float]]:
    """The faults, and the outage in milliseconds that the stream saw at each."""
    policy = policy_text(
        lab,
        interval=f"{timing.interval}ms",
        fast=f"{timing.fast}ms",
        timeout=f"{timing.timeout}ms",
        stable="1h",
    )
    interval = timing.interval / 1000
    with ExitStack() as held:
        moves = held.enter_context(Moves(lab))
        seen = {u: held.enter_context(Sendings(lab, u)) for u in lab.uplinks}
        holes = {u: held.enter_context(Blackhole(lab, u)) for u in lab.uplinks}
        engine = held.enter_context(Engine(lab, policy))
        engine.wait_until_healthy(rules=4)
        moves.catch_up()
        stream = held.enter_context(PacketStream(lab, seconds=FAULTS * (5 * interval + 1)))
        active, standby = lab.uplinks
        moves.wait_for(active, patience=1.0)
        phases = [(number + 0.5) / FAULTS * interval for number in range(FAULTS)]
        faults = []
        while phases:
            _await_phase(seen[active], interval, phases)
            cut_at = holes[active].cut()
            moved_at = moves.wait_for(standby, patience=4 * interval + 2)
            time.sleep(_AFTERWARDS)
            resumed_by = time.monotonic()
            holes[active].mend()
            faults.append(_Fault(cut_at, seen[active].next_after(cut_at), moved_at, resumed_by))
            active, standby = standby, active
        stream.stop()
        return faults, [
            stream.outage(f.cut_at - _AFTERWARDS, f.resumed_by).milliseconds for f in faults
        ]


def _await_phase(sendings: Sendings, interval: float, phases: list[float]) -> None:
    """Wait for the one of `phases` after a sending that comes next, and take it out."""
    earliest = time.monotonic() + interval / 10
    last = sendings.times()[-1]
    waits = {phase: (last + phase - earliest) % interval for phase in phases}
    phase = min(waits, key=lambda phase: waits[phase])
    phases.remove(phase)
    time.sleep(max(0.0, earliest + waits[phase] - time.monotonic()))
