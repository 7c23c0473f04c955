"""Runs a program, in a process of its own that ends all of it (`supervisor`).

Nothing here takes the loop's time: the processes are started by threads, and what they print is
read slowly once it is much.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any, Self

import trio

from route_switcher.programs.output import Output
from route_switcher.text.durations import format_duration

LAST_WORDS = 1.0
"""Seconds for what it printed last."""

PATIENCE = 10.0
"""Seconds beyond a program's own time that its supervisor may take to end all of it."""

_LOOK = 0.05
"""How often it is looked whether it has ended, where that cannot be waited for."""

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_LONGEST_STATUS = 4096

_OURS = frozenset(
    ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
)
"""Of the engine alone: a program that told systemd something by these would speak for it."""


def inherited() -> dict[str, str]:
    """What a program inherits of the engine's own environment."""
    return {name: value for name, value in os.environ.items() if name not in _OURS}


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a run. `problem` is empty if it ended with exit code 0."""

    problem: str
    left: int = 0
    """Processes that it left behind, and that were ended."""
    stuck: int = 0
    """Of these, those that could not be ended."""
    began: bool = True
    """Whether it was run at all, and was not ended since this machine lacked something."""


async def run(
    words: Sequence[str],
    environment: Mapping[str, str],
    given: bytes,
    time_limit: float,
    output: Output,
) -> Ended:
    """Run a program with its arguments for `time_limit` seconds at most; `given` is its standard
    input, and `output` takes what it prints. Cancelled, it ends all of it.

    Raises OSError or RuntimeError where no process can be started, and UnicodeEncodeError where
    an argument cannot be written in the encoding of this machine.
    """
    with _Pipe() as life, _Pipe() as status:
        process = await trio.lowlevel.open_process(
            [
                *(sys.executable, "-I", "-S", str(_SUPERVISOR), str(time_limit)),
                *(str(life.reading), str(status.writing), *words),
            ],
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            cwd="/",
            env=environment,
            pass_fds=(life.reading, status.writing),
            start_new_session=True,
        )
        status.close_writing()
        short = False
        try:
            with trio.move_on_after(time_limit + PATIENCE):
                await _attend(process, given, output)
        except* OSError:
            short = True  # of memory, or of descriptors to wait for: it is ended
        finally:
            # Also when nobody wants it any more: the supervisor sees it, and ends all of the
            # program.
            life.close_writing()
            with trio.move_on_after(PATIENCE / 2, shield=True):
                await _over(process)
            if process.returncode is None:
                process.kill()
        if short:
            return Ended("this machine had no room to wait for its end", began=False)
        return _ended(process.returncode, status.content(), time_limit)


def why_not_started(error: OSError | RuntimeError | UnicodeEncodeError) -> str:
    """Why no process could be started, in words."""
    match error:
        case OSError():
            return f"it cannot be started: {error.strerror}"
        case UnicodeEncodeError():
            return f"it cannot be started: {error.encoding} has no {error.object!r}"
        case _:  # no thread (threading)
            return f"it cannot be started: {error}"


async def _attend(process: trio.Process, facts: bytes, output: Output) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_feed, process.stdin, facts)
        async with trio.open_nursery() as reading:
            reading.start_soon(output.read, process.stdout)
            await process.wait()
            # What it printed last is there; one that could not be ended may hold the pipe.
            reading.cancel_scope.deadline = trio.current_time() + LAST_WORDS
        nursery.cancel_scope.cancel()


async def _over(process: trio.Process) -> None:
    """Wait for its end, also where no descriptor more can be waited for (epoll_ctl(2))."""
    with suppress(OSError):
        await process.wait()
    while process.poll() is None:  # noqa: ASYNC110 (nobody tells of it)
        await trio.sleep(_LOOK)


async def _feed(stream: trio.abc.SendStream, facts: bytes) -> None:
    """Give it the facts, unless it does not want them."""
    async with stream:
        with suppress(trio.BrokenResourceError):
            await stream.send_all(facts)


class _Pipe:
    """Its ends are closed when it is left."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe2(os.O_CLOEXEC)
        self._open = {self.reading, self.writing}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()

    def close_writing(self) -> None:
        """What reads it comes to its end, if nobody else may write."""
        if self.writing in self._open:
            self._open.remove(self.writing)
            os.close(self.writing)

    def content(self) -> bytes:
        """What is in it."""
        os.set_blocking(self.reading, False)
        with suppress(BlockingIOError):
            return os.read(self.reading, _LONGEST_STATUS)
        return b""


def _ended(supervisor: int | None, status: bytes, time_limit: float) -> Ended:
    found: dict[str, Any] = {}
    with suppress(ValueError):
        for line in status.splitlines():
            found |= json.loads(line)
    if "wait_status" not in found:
        return Ended(f"what ran it has ended by itself ({_code(supervisor or 0)})", began=False)
    left, stuck, ended = found["left"], found["stuck"], found["wait_status"]
    if "error" in found:
        problem = f"it cannot be run: {found['error']}"
    elif found["timed_out"]:
        problem = f"it did not end within {format_duration(time_limit)}"
    else:
        code = os.waitstatus_to_exitcode(ended)
        problem = _code(code) if code else ""
    return Ended(problem, left, stuck, began="error" not in found)


def _code(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
