"""Reads which programs run in this network namespace (proc(5))."""

import os
import time
from pathlib import Path

from route_switcher.doctor.processes import Process, Processes
from route_switcher.doctor.unread import Unread

_LIMIT = 3.0
"""Seconds."""
_LONGEST = 4096
"""Bytes of a command line."""


def processes(proc: Path = Path("/proc")) -> Processes | Unread:
    """Whatever ends meanwhile is left out."""
    try:
        here = os.stat(proc / "self/ns/net")
        pids = [int(name) for name in os.listdir(proc) if name.isdigit()]
    except OSError as error:
        return Unread(f"{proc} cannot be read: {error.strerror}")
    end = time.monotonic() + _LIMIT
    seen, hidden = [], 0
    for pid in sorted(pids):
        folder = proc / str(pid)
        try:
            if os.path.samestat(os.stat(folder / "ns/net"), here):
                seen.append(_process(pid, folder))
        except PermissionError:
            hidden += 1
        except OSError:
            continue
        if time.monotonic() > end:
            return Unread(f"there are too many processes to look at in {_LIMIT:g} s")
    return Processes(tuple(seen), hidden)


def _process(pid: int, folder: Path) -> Process:
    with (folder / "cmdline").open("rb") as file:
        line = file.read(_LONGEST)
    words = [word.decode(errors="surrogateescape") for word in line.split(b"\0")]
    name = (folder / "comm").read_bytes().rstrip(b"\n").decode(errors="surrogateescape")
    while words and not words[-1]:
        words.pop()
    return Process(pid, name, tuple(words), folder.stat().st_uid)
