"""Runs one program, and ends it with all that it has started: a process of its own.

    python -I -S supervisor.py TIMEOUT LIFE STATUS PROGRAM ARGUMENT…

It is the subreaper (prctl(2), PR_SET_CHILD_SUBREAPER) of the program: processes that lose their
parent become children of this one, also those that have forked twice and called setsid(2). So all
are found, and it has no child left when all have ended. When the program ends, when TIMEOUT seconds
are over, or when the descriptor LIFE is at its end (the engine has ended, or wants no more), the
rest is killed. What came of it is written to the descriptor STATUS as JSON, a line each.

It is no part of the engine's process, because to start a program may take time: its file may lie on
a disk that hangs. It imports nothing of ours, so that it starts within 20 ms.
"""

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

GRACE = 1.0
"""Seconds from SIGTERM to SIGKILL."""

LAST = 2.0
"""Seconds after which it gives up what cannot be killed: a process that hangs in the kernel, or
that has changed its user."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LOOK = 0.01


def main() -> None:
    """Do all of it."""
    timeout, life, status = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for descriptor in (life, status):
        os.set_inheritable(descriptor, False)
    _step_back()
    prctl = _prctl()
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    began = time.monotonic()
    program = _start(sys.argv[4:], status, prctl)
    for descriptor in (0, 1, 2):
        os.close(descriptor)  # so that the engine sees the end of the program's output
    ended = _wait(program, life, woken, began + timeout)
    result: dict[str, object] = {"timed_out": False, "wait_status": ended, "left": 0, "stuck": 0}
    if ended is None:
        result["timed_out"] = True
        if not _at_end(life):
            _signal_all(signal.SIGTERM)
            result["wait_status"] = _wait(program, life, woken, time.monotonic() + GRACE)
    result["left"], result["stuck"] = _kill_rest(woken)
    _tell(status, result)


def _tell(status: int, result: dict[str, object]) -> None:
    with suppress(OSError):
        os.write(status, json.dumps(result).encode() + b"\n")


def _step_back() -> None:
    """The engine comes first on a busy machine, and is the last to go at a lack of memory; what it
    runs does not."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(0, os.getpriority(os.PRIO_PROCESS, 0)))
    with suppress(OSError), open("/proc/self/oom_score_adj", "r+") as score:
        if int(score.read()) < 0:
            score.seek(0)
            score.write("0")


def _prctl() -> Callable[..., int]:
    try:
        import ctypes

        prctl: Callable[..., int] = ctypes.CDLL(None).prctl
        return prctl
    except (ImportError, OSError, MemoryError):
        return lambda *_: -1  # then only the process group is found


def _start(run: list[str], status: int, prctl: Callable[..., int]) -> int:
    """Start it in a session of its own, with the signals that programs expect."""
    parent = os.getpid()
    program = os.fork()
    if program:
        return program
    try:
        os.setsid()
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.execv(run[0], run)
    except OSError as error:
        _tell(status, {"error": error.strerror})
    os._exit(127)


def _wait(program: int, life: int, woken: int, until: float) -> int | None:
    """Its wait status; None: the time is over, or nobody wants it any more."""
    while True:
        ended = _reap(program)
        if ended is not None:
            return ended
        left = until - time.monotonic()
        if left <= 0:
            return None
        ready, _, _ = select.select([life, woken], [], [], left)
        if life in ready:
            return None
        _drain(woken)


def _reap(program: int | None) -> int | None:
    """Take all that has ended; the wait status of the program if it is among that."""
    ended = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == program:
                ended = status
    return ended


def _kill_rest(woken: int) -> tuple[int, int]:
    """How many were left when the program had ended, and how many are not to be ended."""
    found: set[int] = set()
    until = time.monotonic() + LAST
    while True:
        left = _signal_all(signal.SIGKILL)
        found |= left
        _reap(None)
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return len(found), 0
        if time.monotonic() > until:
            return len(found), len(left)
        select.select([woken], [], [], _LOOK)
        _drain(woken)


def _signal_all(number: signal.Signals) -> set[int]:
    """Send a signal to every process below this one; returns them."""
    below = _below(os.getpid())
    for pid in below:
        with suppress(OSError):
            os.kill(pid, number)
    return below


def _below(top: int) -> set[int]:
    """The processes that are below `top` and have not ended."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/stat", "rb") as stat:
                state, parent = stat.read().rpartition(b")")[2].split()[:2]
            if state not in (b"Z", b"X"):
                children.setdefault(int(parent), []).append(int(name))
    found: set[int] = set()
    ahead = [top]
    while ahead:
        mine = [pid for pid in children.get(ahead.pop(), ()) if pid not in found]
        found.update(mine)
        ahead += mine
    return found


def _at_end(life: int) -> bool:
    return bool(select.select([life], [], [], 0)[0])


def _drain(woken: int) -> None:
    with suppress(BlockingIOError):
        while os.read(woken, 512):
            pass


main()
