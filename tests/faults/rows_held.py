"""Rows about a kernel that does not answer for a while: somebody else holds its lock for links and
routes."""

import time
from ctypes.util import find_library

from faults.acts import comes, goes, router
from faults.bench import Bench, wait_until
from faults.row import A_MOMENT, FAILED_OVER, Row, Step
from support import held_netlink

_WHILE = 2.0
"""Seconds."""


def _hold_and_cut(bench: Bench) -> None:
    folder = bench.policy_file.parent
    (folder / "hold").touch()
    router("route del default proto 115 metric 20")(bench)
    wait_until((folder / "held").exists, "a request waits")
    comes("blackhole")(bench)
    time.sleep(_WHILE)
    bench.knows_since = time.monotonic()
    (folder / "hold").unlink()


ROWS_HELD = (
    Row(
        f"the kernel answers nothing for {_WHILE:g} s; a blackhole came meanwhile",
        Step(
            _hold_and_cut,
            "moves to secondary once it answers",
            moves=("secondary",),
            taken="eth1",
            routes=FAILED_OVER,
            path=("eth0", "eth1"),
            # The rounds of that time count at once; three more would take longer.
            lost=250,
        ),
        Step(goes("blackhole"), "back", moves=("primary",), path=("eth1", "eth0"), lost=A_MOMENT),
        first=held_netlink.first,
        missing="" if find_library("seccomp") else "libseccomp is missing",
    ),
)
