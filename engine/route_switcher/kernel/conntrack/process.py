"""Sweeps in a process of its own: in a thread of the engine it would take turns with the loop at
the interpreter's lock, and rounds would be late by some milliseconds.

    python -I -S -c START FOLDER LENGTH ADDRESS…

It sweeps until its standard input is at its end: the engine has ended, or wants no more of it. What
came of it is written to standard output as one line of JSON. It imports little, so that it begins
within 40 ms.
"""

import json
import os
import select
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from route_switcher.kernel.conntrack.sweep import Swept, sweep

_START = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from route_switcher.kernel.conntrack.process import main; main(sys.argv[2:])"
)
_BEHIND = 5
"""How much nicer than others it is (nice(2)), where it may say so."""
_FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}


def command(addresses: Sequence[bytes], length: int) -> list[str]:
    """What starts it: `sweep` with these arguments."""
    written = [socket.inet_ntop(_FAMILIES[length], address) for address in addresses]
    folder = str(Path(__file__).parents[3])
    return [sys.executable, "-I", "-S", "-c", _START, folder, str(length), *written]


def outcome(written: bytes) -> Swept | None:
    """What it has written; None: it did not come to that."""
    try:
        deleted, trouble, untracked = json.loads(written)
    except ValueError:
        return None
    return Swept(deleted, trouble, untracked)


def main(arguments: Sequence[str]) -> None:
    """Sweep, and say what came of it."""
    with suppress(OSError):
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(0, own) + _BEHIND)
    length = int(arguments[0])
    addresses = [socket.inet_pton(_FAMILIES[length], word) for word in arguments[1:]]
    swept = sweep(addresses, length, lambda: bool(select.select([0], [], [], 0)[0]))
    sys.stdout.write(json.dumps(swept))
