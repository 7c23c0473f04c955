"""Reads whether an engine runs here, and whether it answers."""

import os
import socket
from pathlib import Path

from route_switcher.control.client import CannotAsk, connected
from route_switcher.control.place import places
from route_switcher.control.protocol import request
from route_switcher.doctor.engine import Engine, Reply
from route_switcher.kernel.host import lock_name

_PATIENCE = 2.0
"""Seconds that an answer may take."""
_STOPPED = frozenset("Tt")
"""proc_pid_stat(5)."""


def engine(patience: float = _PATIENCE) -> Engine:
    """As it is now. Raises OSError where not even the network namespace can be told."""
    holder = lock_name.holder()
    where = places()
    names = tuple(map(str, where))
    if holder is None:
        return Engine(runs=False, places=names)
    # Who is not root cannot always tell whether it may be an engine.
    if not holder.counts and os.geteuid() == 0:
        return Engine(runs=False, stranger=str(holder), places=names)
    stopped = holder.pid is not None and _state(holder.pid) in _STOPPED
    reply = Reply.SILENT if stopped else _asked(where, patience)
    return Engine(True, holder.pid, reply, stopped, places=names)


def _asked(where: tuple[Path, ...], patience: float) -> Reply:
    there = [place for place in where if _listens(place)]
    if not there:
        return Reply.NOWHERE
    try:
        with connected(patience) as client:
            client.ask(request("status"))
    except CannotAsk:
        may_ask = any(os.access(place, os.W_OK) for place in there)
        return Reply.SILENT if may_ask else Reply.FORBIDDEN
    return Reply.ANSWERS


def _listens(place: Path) -> bool:
    """A socket that an ended engine left behind does not count."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.setblocking(False)
        try:
            asking.connect(str(place))
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # it is busy, or we may not
    return True


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
