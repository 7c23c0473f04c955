import os
import re
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults import clients
from faults.bench import Bench, bench, wait_until
from faults.policy import Settings
from faults.row import FAILED_OVER, PREFERRED
from faults.rows_control import control_socket
from faults.table import Line
from route_switcher.control.protocol import request
from route_switcher.lab.faults import FAULTS
from support.tables import our_routes

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

CYCLES = 50
WARM_UP = 25
"""Cycles after which everything has been loaded that ever will be."""
PESTERED = 10_000
LOOKS = 5
TIMES = 3
"""An allocator's arena is taken once. A leak grows by more than the slack so many times."""
SLACK = 1024
"""kB by which memory may grow meanwhile. A leak of one trio task or one
socket a cycle is more."""


@dataclass(frozen=True, slots=True)
class Level:
    """What a process holds."""

    descriptors: int
    threads: int
    resident: int
    """kB (VmRSS, proc(5))."""


def level(bench: Bench) -> Level:
    """The least of several looks: an exchange with the kernel has a descriptor for a moment, and a
    disk a thread."""
    looks = []
    for _ in range(LOOKS):
        bench.wait_for_rounds(1, bench.engine.now)
        looks.append(_look(bench.engine.process.pid))
    return Level(
        min(look.descriptors for look in looks),
        min(look.threads for look in looks),
        min(look.resident for look in looks),
    )


def _look(process: int) -> Level:
    status = Path(f"/proc/{process}/status").read_text()
    numbers = {
        name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+)", status, re.MULTILINE)
    }
    descriptors = len(os.listdir(f"/proc/{process}/fd"))
    return Level(descriptors, numbers["Threads"], numbers["VmRSS"])


def fail_over_and_back(bench: Bench) -> None:
    # By the routes and not by the log, which does not tell of every one of so many moves.
    blackhole, primary = FAULTS["blackhole"], bench.lab.uplinks[0]
    for act, routes in ((blackhole.inject, FAILED_OVER), (blackhole.heal, PREFERRED)):
        act(bench.lab, primary)
        wait_until(lambda r=routes: our_routes(bench.lab) == r, f"{routes}")  # type: ignore[misc]


def reload(bench: Bench) -> None:
    since = bench.engine.now
    bench.engine.send(signal.SIGHUP)
    wait_until(lambda: bool(bench.engine.said("reload", since)), "the reload")
    bench.wait_for_rounds(1, bench.engine.now)


def pester(bench: Bench) -> None:
    """Bad requests, some good ones, and connections that say nothing."""
    path = control_socket(bench.engine.process.pid)
    count = 0
    with ExitStack() as open_:
        for _ in range(20):
            open_.enter_context(clients.connect(path))
        for made in clients.malformed(path):
            count += made
            if count >= PESTERED // CYCLES:
                break
        asking = open_.enter_context(clients.connect(path))
        for _ in range(5):
            asking.sendall(request("status"))
            while not asking.recv(1 << 16).endswith(b"\n"):
                pass
    bench.wait_for_rounds(1, bench.engine.now)


def fail_over_unread(bench: Bench) -> None:
    """While clients watch and never read; others that watch go at once."""
    path = control_socket(bench.engine.process.pid)
    with ExitStack() as open_:
        for _ in range(20):
            open_.enter_context(clients.connect(path)).sendall(clients.WATCH)
            with clients.connect(path) as gone:
                gone.sendall(clients.WATCH)
        fail_over_and_back(bench)
    bench.wait_for_rounds(1, bench.engine.now)


@pytest.mark.parametrize(
    ("cycle", "name"),
    [
        (fail_over_and_back, f"{CYCLES} failovers and back, at 50 ms"),
        (reload, f"{CYCLES} reloads"),
        (pester, f"{PESTERED:,} bad requests to the control socket, {20 * CYCLES:,} idle clients"),
        (fail_over_unread, f"{CYCLES} failovers, unread by {20 * CYCLES:,} clients that watch"),
    ],
)
def test_descriptors_threads_and_memory_stay_level(
    cycle: Callable[[Bench], None], name: str, tmp_path: Path, report: Callable[[Line], None]
) -> None:
    settings = Settings(interval="50ms", stable="200ms")
    with bench(tmp_path, settings) as running:
        _repeat(cycle, running, WARM_UP)
        for _ in range(TIMES):
            before = level(running)
            _repeat(cycle, running, CYCLES - WARM_UP)
            after = _at_rest(running, before)
            if after.resident - before.resident <= SLACK:
                break
    assert after.resident - before.resident <= SLACK
    then = (
        f"level: {after.descriptors} file descriptors, {after.threads} threads, "
        f"{after.resident / 1024:.1f} MiB ({(after.resident - before.resident) / 1024:+.1f})"
    )
    report(Line(name, then, None))


def _repeat(cycle: Callable[[Bench], None], running: Bench, times: int) -> None:
    for _ in range(times):
        cycle(running)


def _at_rest(running: Bench, before: Level) -> Level:
    """The level when descriptors and threads are back at that of before. What is used no more is
    given back a while later; what leaks never is."""
    looks: list[Level] = []

    def as_before() -> bool:
        looks.append(level(running))
        return looks[-1].descriptors <= before.descriptors and looks[-1].threads <= before.threads

    wait_until(as_before, f"the descriptors and threads of before: {before}")
    return looks[-1]
