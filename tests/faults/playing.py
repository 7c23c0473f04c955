"""Plays a row of the table: does what it says, judges what must hold, and measures."""

import time
from contextlib import ExitStack
from pathlib import Path

from faults.bench import Bench, bench, wait_until
from faults.link_witness import LinkWitness
from faults.row import Row, Step
from faults.table import Line
from route_switcher.lab.stream import Outage
from support.tables import Recorder, route_taken

_LATEST = 0.2
"""Seconds: what was sent in the last of them shows whether traffic gets through."""


def play(row: Row, folder: Path) -> Line:
    """The row's line of the table. Raises AssertionError if something did not hold."""
    steps = [step for step in (row.fault, row.mended) if step is not None]
    with bench(folder, row.settings, row.environment(folder), row.prepare) as running:
        row.before(running)
        times = [_take(step, running) for step in steps]
        running.stream.stop()
        measured = [_measure(step, running, *t) for step, t in zip(steps, times, strict=True)]
    fault, mended = measured[0], measured[1] if row.mended else None
    return Line(
        row.name,
        row.fault.then,
        fault if row.fault.flows else None,
        row.mended.then if row.mended else "",
        mended,
    )


def _take(step: Step, running: Bench) -> tuple[float, float, float]:
    """When the step began, when the kernel told of it if it lost a link, and when it was over.

    By `time.monotonic`.
    """
    since = running.engine.now
    with ExitStack() as recording:
        witness = recording.enter_context(LinkWitness(running.lab))
        if step.path is not None:
            recorder = recording.enter_context(Recorder(running.lab, running.settings.table))
        began = time.monotonic()
        step.act(running)
        _await(step, running, since)
        running.wait_for_rounds(step.rounds, running.engine.now)
        over = time.monotonic()
        _judge(step, running, since)
        if step.path is not None:
            assert tuple(recorder.best_interfaces(running.family)) == step.path
    return began, witness.told(began), over


def _await(step: Step, running: Bench, since: int) -> None:
    engine = running.engine
    if step.moves:
        # The number and not the names: a wrong one should be judged at once, not waited out.
        count = len(step.moves)
        wait_until(lambda: len(running.moves(since)) >= count, f"{step.moves}", step.patience)
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


def _judge(step: Step, running: Bench, since: int) -> None:
    if step.moves is not None:
        assert running.moves(since) == step.moves
    if step.routes is not None:
        assert running.routes == step.routes
    assert route_taken(running.lab, running.family) == step.taken
    if step.lines is not None:
        said = [r.message for r in running.engine.records[since:] if r.level != "debug"]
        assert len(said) <= step.lines, said
    if step.within is not None:
        first = running.engine.said("decision", since)[0]
        assert first.fields["seconds_since_cause"] <= step.within


def _measure(step: Step, running: Bench, began: float, told: float, over: float) -> Outage:
    latest = running.stream.outage(over - _LATEST, over)
    assert (latest.lost < latest.sent) == step.flows
    if step.lost is not None:
        lost = running.stream.outage(told, over).lost
        assert lost <= step.lost, f"the kernel told of it after {told - began:.3f} s"
    return running.stream.outage(began, over)
