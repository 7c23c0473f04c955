"""Rows about clients of the control socket, and scrapers: failover takes as long as ever."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from faults import clients
from faults.acts import comes, goes
from faults.bench import PATIENCE, Bench, wait_until
from faults.policy import Settings
from faults.row import FAILED_OVER, Act, Row, Step

METRICS, SCRAPING = "127.0.0.1:9000", "scraping"
REQUESTS = 10_000
CONNECTIONS = 200
SCRAPERS = 300
_PATIENCE = 4 * PATIENCE
"""Seconds: the engine lets them have a part of its time only."""
_LONGEST = "600"
"""Seconds after which what was started ends by itself."""


def control_socket(process: int) -> str:
    """The path of the control socket of this engine, as everybody sees it."""
    namespace = os.stat(f"/proc/{process}/ns/net").st_ino
    return f"/proc/{process}/root/run/route-switcher/{namespace}/control"


def _pester(kind: str, begun: int) -> Act:
    """Start clients of this kind, and wait until they have made so many requests."""

    def act(bench: Bench) -> None:
        path = METRICS if kind == SCRAPING else control_socket(bench.engine.process.pid)
        folder = bench.policy_file.parent
        (folder / "made").touch()
        words = [sys.executable, "-P", clients.__file__, path, kind, _LONGEST]
        shell = ["sh", "-c", f'exec "$@" >{folder}/made', "sh", *words]
        process = bench.lab.start("router", shell)
        bench.lab.keep("clients", lambda: bench.lab.stop(f"process {process.pid}"))
        wait_until(lambda: made(folder) >= begun, f"{begun} requests", _PATIENCE)

    return act


def made(folder: Path) -> int:
    """How many requests or connections the clients have made."""
    # The last line may not be whole yet.
    lines = (folder / "made").read_text().rpartition("\n")[0].split()
    return int(lines[-1]) if lines else 0


def _goes_when(count: int) -> Act:
    """The line is mended once the clients have made so many requests in all."""

    def act(bench: Bench) -> None:
        folder = bench.policy_file.parent
        wait_until(lambda: made(folder) >= count, f"{count} requests", _PATIENCE)
        goes("blackhole")(bench)

    return act


_BACK = Step(goes("blackhole"), "back", moves=("primary",), path=("eth1", "eth0"))
_CUT = Row(
    "",
    Step(
        comes("blackhole"),
        "moves to secondary",
        moves=("secondary",),
        taken="eth1",
        routes=FAILED_OVER,
        path=("eth0", "eth1"),
        within=1.0,
    ),
    _BACK,
)

ROWS_CONTROL = (
    replace(
        _CUT,
        name=f"blackhole, among {REQUESTS:,} malformed and oversized control requests",
        before=_pester("malformed", 500),
        mended=replace(_BACK, act=_goes_when(REQUESTS)),
    ),
    replace(
        _CUT,
        name="blackhole, while 100 clients of the control socket say nothing",
        before=_pester("idle", CONNECTIONS),
    ),
    replace(
        _CUT,
        name="blackhole, while clients ask for the status without end and never read it",
        before=_pester("deaf", 500),
    ),
    replace(
        _CUT,
        name="blackhole, while 100 clients watch and never read",
        before=_pester("watching", CONNECTIONS),
    ),
    replace(
        _CUT,
        name="blackhole, while clients that watch come and go 1,000 times",
        before=_pester("coming and going", 1000),
    ),
    replace(
        _CUT,
        name="blackhole, among 300 scrapers that send garbage or never read",
        before=_pester(SCRAPING, SCRAPERS),
        settings=Settings(metrics=METRICS),
    ),
)
