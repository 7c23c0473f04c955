"""Rows about what follows a switch: whatever hooks do, and however many connections are ended,
failover takes as long as ever."""

from pathlib import Path

from faults.acts import comes, goes
from faults.bench import Bench, wait_until
from faults.policy import Settings
from faults.row import FAILED_OVER, Act, Row, Step
from route_switcher.lab.addresses import ROUTER
from support.many_connections import fill, opened

BAD = (
    "/no/such/program",
    "/etc/passwd",
    "trap '' TERM INT HUP; echo $$ >>MARKS; while :; do sleep 100; done",
    "sleep 100 & echo $! >>MARKS; sleep 100 & echo $! >>MARKS; wait",
    "(setsid sh -c 'echo $$ >>MARKS; exec sleep 100' &) ; sleep 0.1",
    "echo $$ >>MARKS; exec yes",
    "kill -SEGV $$",
)
"""Missing, not executable, one that ignores signals, forks, a daemon, one that prints without end,
one that dies."""

KINDS = ("on_switch", "on_uplink_down", "on_uplink_up")
_MARKS = Path("/run/bad-hooks")


def _bad_hooks() -> tuple[str, ...]:
    lines = ["hooks:"]
    for kind in KINDS:
        lines.append(f"  {kind}:")
        for bad in BAD:
            run = [bad] if bad.startswith("/") else ["/bin/sh", "-c", bad]
            words = ", ".join(f'"{word}"' for word in run).replace("MARKS", str(_MARKS))
            lines.append(f"    - {{run: [{words}], timeout: 1s, attempts: 2}}")
    return tuple(lines)


def _back_with_nothing_left() -> Act:
    def act(bench: Bench) -> None:
        goes("blackhole")(bench)
        wait_until(_none_is_left, "the end of all that hooks have started")

    return act


def _none_is_left() -> bool:
    pids = _MARKS.read_text().split() if _MARKS.exists() else []
    return bool(pids) and not any(Path(f"/proc/{pid}").exists() for pid in pids)


_CONNECTIONS = 100_000


def _many_connections(bench: Bench) -> None:
    """The router tracks them, translated to the primary's address."""
    with bench.lab.inside(ROUTER):
        kernel = opened()
    with kernel:
        fill(kernel, _CONNECTIONS, bench.lab.uplinks[0].address.ip)


ROWS_HOOKS = (
    Row(
        f"{_CONNECTIONS:,} connections stick to the line that is cut",
        Step(
            comes("blackhole"),
            "moves to secondary, and they are ended",
            moves=("secondary",),
            taken="eth1",
            routes=FAILED_OVER,
            path=("eth0", "eth1"),
            within=1.0,
            # The stream's own may be one of them.
            says=(("conntrack", "ended 100,00"),),
        ),
        Step(goes("blackhole"), "back", moves=("primary",), path=("eth1", "eth0")),
        before=_many_connections,
        alone=True,
    ),
    Row(
        "hooks hang, fork, print without end, die, are missing",
        Step(
            comes("blackhole"),
            "moves to secondary",
            moves=("secondary",),
            taken="eth1",
            routes=FAILED_OVER,
            path=("eth0", "eth1"),
            within=1.0,
            says=(("hook", "did not end within 1s"), ("hook", "it cannot be run")),
        ),
        Step(_back_with_nothing_left(), "back", moves=("primary",), path=("eth1", "eth0")),
        prepare=lambda _: _MARKS.unlink(missing_ok=True),
        settings=Settings(hooks=_bad_hooks()),
    ),
)
