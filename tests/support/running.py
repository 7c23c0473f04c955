"""The program as a process in the lab's router: what it says, line by line, and how it ends."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, ClassVar, Self, TypeAlias, TypeVar

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.forked import Forked

DEADLINE = 90.0
"""Seconds that anything may take; far more than it does, for machines that are busy."""

_LOOK = 0.01

Found = TypeVar("Found")

Start: TypeAlias = Callable[..., "Engine"]
"""The fixture `start`: a policy's text or None, then what `Engine` takes."""


class NotInTimeError(AssertionError):
    """What should have happened did not, within the deadline."""


def eventually(true: Callable[[], bool], what: str) -> None:
    """Return as soon as `true()` is. Raises NotInTimeError after the deadline."""
    end = time.monotonic() + DEADLINE
    while not true():
        if time.monotonic() > end:
            raise NotInTimeError(f"not within {DEADLINE:g} s: {what}")
        time.sleep(_LOOK)


def command_line(*words: str, **environment: str) -> list[str]:
    """The program with these arguments, and with nothing of our environment that it listens to."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    program = [sys.executable, "-P", "-m", "route_switcher", *words]
    return ["env", "-u", "ROUTE_SWITCHER_LOG", *variables, *program]


def run_to_its_end(
    lab: Lab, *words: str, wrapped_in: Sequence[str] = (), first: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the program in the router; it must end by itself, and without a traceback. See
    `Forked` for `first`, which is for one that is not `wrapped_in` anything."""
    if not wrapped_in and _may_be_forked(environment):
        done = _fork_to_its_end(lab, words, environment, first)
    else:
        assert not first
        command = lab.command(ROUTER, [*wrapped_in, *command_line(*words, **environment)])
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def _may_be_forked(environment: Mapping[str, str]) -> bool:
    """Whether no interpreter must read these variables at its start."""
    return not any(name.startswith("PYTHON") for name in environment)


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Those that `command_line` gives."""
    inherited = {name: text for name, text in os.environ.items() if name != "ROUTE_SWITCHER_LOG"}
    return inherited | dict(environment)


def _fork_to_its_end(
    lab: Lab, words: Sequence[str], environment: Mapping[str, str], first: str
) -> subprocess.CompletedProcess[str]:
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        outputs = output.fileno(), errors.fileno()
        process = Forked(lab.inside(ROUTER), words, variables(environment), *outputs, first)
        try:
            code = process.wait(DEADLINE)
        finally:
            process.close()
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(process.args, code, output.read(), errors.read())


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the log. `number` counts them from 0."""

    number: int
    event: str
    level: str
    message: str
    fields: Mapping[str, Any]

    @property
    def at(self) -> float:
        """The time of the line, in seconds since 1970."""
        return datetime.fromisoformat(self.fields["time"]).timestamp()

    def fits(self, event: str, text: str, fields: Mapping[str, object]) -> bool:
        """Whether it is this event, contains the text, and has these fields."""
        same = all(self.fields.get(name) == value for name, value in fields.items())
        return self.event == event and text in self.message and same


class Engine:
    """`route-switcher run …` in the router, from `__enter__` to `__exit__`.

    Leaving asks it to end, if nobody has, and checks that it ended well: exit code 0, nothing on
    stderr but log lines, no traceback. `first` is for one that is forked and not `wrapped_in`
    anything: see `Forked`.
    """

    forked: ClassVar[bool] = False

    def __init__(
        self,
        lab: Lab,
        *words: str,
        wrapped_in: Sequence[str] = (),
        first: str = "",
        **environment: str,
    ) -> None:
        self._lab = lab
        self._closing = ExitStack()
        (for_output, output), (for_errors, errors) = pipes = (self._pipe(), self._pipe())
        arguments = ("run", *words, "--log-format", "json")
        self.process: Forked | subprocess.Popen[str]
        if self.forked and not wrapped_in and _may_be_forked(environment):
            given, outputs = variables(environment), (for_output, for_errors)
            self.process = Forked(lab.inside(ROUTER), arguments, given, *outputs, first)
            lab.keep(f"process {self.process.pid}", self.process.close)
        else:
            assert not first
            command = [*wrapped_in, *command_line(*arguments, **environment)]
            self.process = lab.start(ROUTER, command, stdout=for_output, stderr=for_errors)
        for writing, _ in pipes:
            os.close(writing)
        self.records: list[Record] = []
        self.printed: list[str] = []
        """The lines of stdout."""
        self._not_log: list[str] = []
        self._heard = threading.Condition()
        self._cursor = 0
        self._killed = False
        self._readers = [
            threading.Thread(target=self._read, args=(errors, self._take_log)),
            threading.Thread(target=self._read, args=(output, self.printed.append)),
        ]
        self._talking = len(self._readers)
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        code: int | None = None
        try:
            if self.running:
                self.send(signal.SIGCONT)  # one that a test has stopped would not end
                self.end(signal.SIGTERM)
            code = self.process.returncode
        finally:
            self._lab.stop(f"process {self.process.pid}")  # kills, if it must
            for reader in self._readers:
                reader.join(DEADLINE)  # all that it wrote, a traceback too
            self._closing.close()
            told = [f"{r.number:3} {r.level:7} {r.event}: {r.message}" for r in self.records]
            # pytest shows it if a test fails
            sys.stdout.write("\n".join([*told, *self._not_log, ""]))
        if error is None:
            assert self._not_log == []
            assert code == (-signal.SIGKILL if self._killed else 0), f"exit code {code}"

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def wait_for(
        self, event: str, text: str = "", *, since: int | None = None, **fields: object
    ) -> Record:
        """The first such record after the one that was waited for last, or from `since` on.

        Raises NotInTimeError if none comes before the deadline, or the engine ends.
        """
        start = self._cursor if since is None else since

        def found() -> Record | None:
            fitting = (r for r in self.records[start:] if r.fits(event, text, fields))
            return next(fitting, None)

        record = self._hear(found, f"record {event} {text!r} {fields}")
        self._cursor = max(self._cursor, record.number + 1)
        return record

    def wait_for_health(
        self,
        *uplinks: str,
        rules: Sequence[str] = ("no-internet", "unplugged"),
        family: Family | None = None,
    ) -> None:
        """Wait until the last that was said of these rules of each uplink is that they are ok.

        `family` is needed where an uplink has several.
        """
        wanted = {(uplink, rule): "ok" for uplink in uplinks for rule in rules}
        of_family: dict[str, Any] = {} if family is None else {"family": str(family)}

        def healthy() -> bool:
            changes = [record.fields for record in self.said("rule", **of_family)]
            last = {(change["uplink"], change["rule"]): change["after"] for change in changes}
            return wanted.items() <= last.items()

        self._hear(healthy, f"health of {uplinks}")

    def wait_for_printed(self, count: int) -> None:
        """Wait until stdout has so many lines."""
        self._hear(lambda: len(self.printed) >= count, f"{count} lines on stdout")

    def said(self, event: str, since: int = 0, **fields: object) -> list[Record]:
        """The records of this event up to now, from number `since` on."""
        return [record for record in self.records[since:] if record.fits(event, "", fields)]

    @property
    def now(self) -> int:
        """The number that the next record will have."""
        return len(self.records)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals) -> int:
        """Send it a signal that ends it; the exit code. All that it said has been read then."""
        self._killed = number is signal.SIGKILL
        self.send(number)
        code = self.process.wait(DEADLINE)
        for reader in self._readers:
            reader.join(DEADLINE)
        return code

    @contextmanager
    def unread(self) -> Iterator[None]:
        """Meanwhile nobody reads its log, and the pipe takes nothing more."""
        with self._heard:  # the readers need it for every line
            # An open file of our own (proc(5)), so that theirs stays as it is.
            pipe = os.open(f"/proc/{self.process.pid}/fd/2", os.O_WRONLY | os.O_NONBLOCK)
            try:
                for size in (select.PIPE_BUF, 128):
                    while select.select([], [pipe], [], 0.5)[1] and _fill(pipe, size):
                        pass
                yield
            finally:
                os.close(pipe)

    def _pipe(self) -> tuple[int, IO[str]]:
        """The end to write to, and the end to read from."""
        reading, writing = os.pipe()
        return writing, self._closing.enter_context(os.fdopen(reading, encoding="utf-8"))

    def _hear(self, found: Callable[[], Found | None], what: str) -> Found:
        """What `found` gives, as soon as that is not nothing."""
        end = time.monotonic() + DEADLINE
        with self._heard:
            while not (result := found()):
                if not self._talking or not self._heard.wait(end - time.monotonic()):
                    raise NotInTimeError(f"the engine gave no {what}")
        return result

    def _read(self, pipe: IO[str], take: Callable[[str], None]) -> None:
        for line in pipe:
            with self._heard:
                take(line.rstrip("\n"))
                self._heard.notify_all()
        with self._heard:
            self._talking -= 1
            self._heard.notify_all()

    def _take_log(self, line: str) -> None:
        try:
            fields = json.loads(line)
        except json.JSONDecodeError:
            self._not_log.append(line)
            return
        event, level, message = (fields.pop(name) for name in ("event", "level", "message"))
        self.records.append(Record(len(self.records), event, level, message, fields))


class ForkedEngine(Engine):
    """One that a process which has imported the program already becomes, unless it is wrapped or
    given variables of Python's."""

    forked = True


def _fill(pipe: int, size: int) -> bool:
    """Write lines of a log of this size until no more goes in; whether any did."""
    line = json.dumps({"event": "filler", "level": "debug", "message": ""}).ljust(size - 1) + "\n"
    written = 0
    with suppress(BlockingIOError):
        while True:
            written += os.write(pipe, line.encode())
    return written > 0
