"""The engine's process stands still, and its wall clock is set: what a suspend does to it."""

import time

from faults import clock
from faults.acts import comes, goes
from faults.bench import Bench, wait_until
from faults.row import Act
from support.running import run_to_its_end

LONG, SHORT = 8.0, 0.25
"""Seconds that the process stands still."""
WHILE = 6.0
ORDERED = 3.0
"""Seconds for which an order holds: less than `WHILE`."""
STABLE = 4.0
"""Seconds for which a line must be good; less than `WHILE` too, and long enough to stop the process
meanwhile on a busy machine."""
SOON = 2.0
"""The same, where nothing has to happen meanwhile."""
_BLINKS = 10


def stop(seconds: float) -> Act:
    """The process stands still for so long, and goes on."""

    def act(bench: Bench) -> None:
        with bench.stopped():
            time.sleep(seconds)

    return act


def stop_again_and_again(bench: Bench) -> None:
    """Each time for almost as long as three rounds take."""
    for _ in range(_BLINKS):
        stop(SHORT)(bench)
        bench.wait_for_rounds(1, bench.engine.now)


def stop_and_cut(bench: Bench) -> None:
    """The primary's line goes dead while the process stands still."""
    with bench.stopped():
        comes("blackhole")(bench)
        time.sleep(WHILE)
    bench.knows_since = bench.went_on


def suspend(bench: Bench) -> None:
    """The process stands still, and when it goes on the wall clock is an hour further."""
    with bench.stopped():
        time.sleep(WHILE)
        clock.write(bench, 3600)
    clock.await_clock(bench, 3600)


def stop_while_recovering(bench: Bench) -> None:
    """The line is mended; the process stands still while it must prove itself. It is not trusted
    before it was good for all of the stable time, without what nobody saw."""
    since = bench.engine.now
    goes("blackhole")(bench)
    _await_rule(bench, since, "recovering")
    stop(WHILE)(bench)
    _await_rule(bench, since, "ok")
    assert time.monotonic() - bench.went_on >= STABLE


def until_healthy_again(act: Act) -> Act:
    """`act`, which does not start the stable time again: the line is trusted when that is over."""

    def mend(bench: Bench) -> None:
        since, began = bench.engine.now, time.monotonic()
        goes("blackhole")(bench)
        _await_rule(bench, since, "recovering")
        act(bench)
        _await_rule(bench, since, "ok")
        assert time.monotonic() - began >= SOON

    return mend


def order(act: Act) -> Act:
    """The traffic is ordered to the secondary for a few seconds; then comes `act`."""

    def switch(bench: Bench) -> None:
        began, since = time.monotonic(), bench.engine.now
        done = run_to_its_end(bench.lab, "switch", "secondary", "--for", f"{ORDERED:g}s")
        assert done.returncode == 0, done.stderr
        act(bench)
        wait_until(lambda: len(bench.moves(since)) == 2, "the end of the order")
        assert time.monotonic() - began >= ORDERED

    return switch


def both(*acts: Act) -> Act:
    """One after the other."""

    def act(bench: Bench) -> None:
        for each in acts:
            each(bench)

    return act


def _await_rule(bench: Bench, since: int, after: str) -> None:
    told = {"uplink": "primary", "rule": "no-internet", "after": after}
    wait_until(lambda: bool(bench.engine.said("rule", since, **told)), f"primary {after}")
