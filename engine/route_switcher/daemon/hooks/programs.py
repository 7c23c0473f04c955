"""Runs programs, each in a process of its own that ends all of it (`supervisor`).

Nothing here takes the loop's time: the processes are started by threads, and what they print is
read slowly once it is much.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any, Self

import trio

from route_switcher.control.wall_clock import WallClock
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.hooks.facts import document, environment
from route_switcher.daemon.hooks.output import Output
from route_switcher.daemon.report import say
from route_switcher.text.durations import format_duration
from route_switcher.text.quantities import counted

AT_ONCE = 8
"""Programs that may run at a time; others wait. Each has a supervisor of some 9 MB beside it."""

LAST_WORDS = 1.0
"""Seconds for what it printed last."""

PATIENCE = 10.0
"""Seconds beyond a program's own time that its supervisor may take to end all of it."""

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_LONGEST_STATUS = 4096


@dataclass(frozen=True, slots=True)
class _Ended:
    """What came of a run. `problem` is empty if it ended with exit code 0."""

    problem: str
    left: int = 0
    """Processes that it left behind, and that were ended."""
    stuck: int = 0
    """Of these, those that could not be ended."""


class Programs:
    """Runs them."""

    def __init__(self) -> None:
        self._room = trio.Semaphore(AT_ONCE)

    async def run(self, effect: RunHook, policy: Policy) -> str:
        """Run one, and tell of it; why it failed, in words, or nothing."""
        async with self._room:
            began, output = trio.current_time(), Output()
            try:
                ended = await _run(effect, output)
            except OSError as error:
                ended = _Ended(f"it cannot be started: {error.strerror}")
            except RuntimeError as error:  # no thread (threading)
                ended = _Ended(f"it cannot be started: {error}")
            except UnicodeEncodeError as error:
                ended = _Ended(f"it cannot be started: {error.encoding} has no {error.object!r}")
            _tell(effect, policy, ended, output.lines(), trio.current_time() - began)
        return ended.problem


async def _run(effect: RunHook, output: Output) -> _Ended:
    """Raises OSError or RuntimeError where no process can be started, and UnicodeEncodeError where
    an argument cannot be written in the encoding of this machine."""
    clock = WallClock(trio.current_time(), datetime.now().astimezone())
    with _Pipe() as life, _Pipe() as status:
        process = await trio.lowlevel.open_process(
            [
                *(sys.executable, "-I", "-S", str(_SUPERVISOR), str(effect.hook.timeout)),
                *(str(life.reading), str(status.writing), *effect.hook.run),
            ],
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            cwd="/",
            env=environment(effect, clock),
            pass_fds=(life.reading, status.writing),
            start_new_session=True,
        )
        status.close_writing()
        try:
            with trio.move_on_after(effect.hook.timeout + PATIENCE):
                await _attend(process, document(effect, clock), output)
        finally:
            # Also when the engine ends: the supervisor sees it, and ends all of the program.
            life.close_writing()
            with trio.move_on_after(PATIENCE / 2, shield=True):
                await process.wait()
            if process.returncode is None:
                process.kill()
        return _ended(process.returncode, status.content(), effect.hook.timeout)


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


def _ended(supervisor: int | None, status: bytes, timeout: float) -> _Ended:
    found: dict[str, Any] = {}
    with suppress(ValueError):
        for line in status.splitlines():
            found |= json.loads(line)
    if "wait_status" not in found:
        return _Ended(f"what ran it has ended by itself ({_code(supervisor or 0)})")
    left, stuck, ended = found["left"], found["stuck"], found["wait_status"]
    if "error" in found:
        problem = f"it cannot be run: {found['error']}"
    elif found["timed_out"]:
        problem = f"it did not end within {format_duration(timeout)}"
    else:
        code = os.waitstatus_to_exitcode(ended)
        problem = _code(code) if code else ""
    return _Ended(problem, left, stuck)


def _code(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"


def _tell(
    effect: RunHook, policy: Policy, ended: _Ended, output: Sequence[str], seconds: float
) -> None:
    hook = effect.hook
    name = f"{hook.label} ({effect.about(policy)})"
    fields = effect.log_fields() | {"seconds": round(seconds, 3), "problem": ended.problem}
    for line in output:
        say(logging.INFO, "hook-output", f"{name}: {line}", **effect.log_fields())
    if ended.left:
        rest = counted(ended.left, "process", "processes")
        stuck = f"; {ended.stuck} of them could not be" if ended.stuck else ""
        text = f"{name}: left {rest} behind, which were ended{stuck}"
        say(logging.WARNING, "hook", text, **fields)
    if ended.problem:
        of = f"attempt {effect.attempt} of {hook.attempts}"
        say(logging.WARNING, "hook", f"{name}: {of} failed: {ended.problem}", **fields)
    else:
        say(logging.INFO, "hook", f"{name}: done in {seconds:.2f} s", **fields)
