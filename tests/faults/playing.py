"""Plays a row of the table: does what it says, judges what must hold, and measures."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from faults.bench import Bench, bench, wait_until
from faults.link_witness import LinkWitness
from faults.row import Row, Step
from faults.table import Line
from route_switcher.lab.stream import Outage
from support.machine_cost import Cost, MachineCost
from support.tables import Recorder, route_taken

_OTHERS = frozenset({"packets", "rule"})
"""Events that are not counted: a busy machine loses answers, and makes others late."""

_LATEST = 100
"""So many packets, sent in the end, show whether traffic gets through."""


def play(row: Row, folder: Path) -> Line:
    """The row's line of the table. Raises AssertionError if something did not hold."""
    steps = [step for step in (row.fault, row.mended) if step is not None]
    environment, first = row.environment(folder), row.first(folder)
    with bench(folder, row.settings, environment, row.prepare, first) as running:
        row.before(running)
        times = [_take(step, running) for step in steps]
        running.stream.stop()
        measured = [_measure(step, running, t) for step, t in zip(steps, times, strict=True)]
    fault, mended = measured[0], measured[1] if row.mended else None
    return Line(
        row.name,
        row.fault.then,
        fault if row.fault.flows else None,
        row.mended.then if row.mended else "",
        mended,
    )


@dataclass(frozen=True, slots=True)
class _Times:
    """When what of a step was, by `time.monotonic`."""

    began: float
    known: float
    """When the engine could know of it: when the kernel told, or the process went on."""
    latest: float
    over: float
    kept_back: Cost
    """What the machine kept back: time until all had moved, packets until it was over."""


def _take(step: Step, running: Bench) -> _Times:
    since = running.engine.now
    with ExitStack() as recording:
        witness = recording.enter_context(LinkWitness(running.lab))
        if step.path is not None:
            recorder = recording.enter_context(Recorder(running.lab, running.settings.table))
        machine = recording.enter_context(MachineCost(running.lab, running.engine.process.pid))
        began = running.knows_since = time.monotonic()
        step.act(running)
        _await(step, running, since)
        moved = machine.up_to_now()
        running.wait_for_rounds(step.rounds, running.engine.now)
        latest = time.monotonic()
        running.wait_for_packets(_LATEST)
        over = time.monotonic()
        _judge(step, running, since, moved)
        if step.path is not None:
            assert tuple(recorder.best_interfaces(running.family)) == step.path
        kept_back = replace(moved, packets=machine.up_to_now().packets)
    known = max(witness.told(began), running.knows_since)
    return _Times(began, known, latest, over, kept_back)


def _await(step: Step, running: Bench, since: int) -> None:
    engine = running.engine
    if step.moves:
        # The number and not the names: a wrong one should be judged at once, not waited out.
        count = len(step.moves)
        wait_until(lambda: len(running.moves(since)) >= count, f"{step.moves}")
    for event, text in step.says:
        wait_until(
            lambda e=event, t=text: any(t in record.message for record in engine.said(e, since)),  # type: ignore[misc]
            f"{event}: {text}",
        )
    routes = step.routes
    if routes is not None:
        wait_until(lambda: running.routes == routes, f"routes: {set(routes)}")
    wait_until(
        lambda: route_taken(running.lab, running.family) == step.taken, f"the way by {step.taken}"
    )


def _judge(step: Step, running: Bench, since: int, kept_back: Cost) -> None:
    if step.moves is not None:
        assert running.moves(since) == step.moves
    if step.routes is not None:
        assert running.routes == step.routes
    assert route_taken(running.lab, running.family) == step.taken
    if step.lines is not None:
        told = [r for r in running.engine.records[since:] if r.level != "debug"]
        counted = [f"{r.event}: {r.message}" for r in told if r.event not in _OTHERS]
        assert len(counted) <= step.lines, counted
    if step.within is not None:
        first = running.engine.said("decision", since)[0]
        took = first.fields["seconds_since_cause"]
        assert took <= step.within + kept_back.delay, str(kept_back)


def _measure(step: Step, running: Bench, times: _Times) -> Outage:
    latest = running.stream.outage(times.latest, times.over)
    assert (latest.lost < latest.sent) == step.flows
    if step.lost is not None:
        lost = running.stream.outage(times.known, times.over).lost
        assert lost <= times.kept_back.allows(step.lost), str(times.kept_back)
    return running.stream.outage(times.began, times.over)
