"""`watch` on the real kernel: what a person sees, what a program reads, and how it ends."""

import codecs
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.forked import Forked, altered
from support.piped import Piped
from support.running import DEADLINE, Start, run_to_its_end, variables
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

TOP = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((TOP / "schemas" / "watch.schema.json").read_text("utf-8")))


class Json:
    """A `watch --json` that runs."""

    def __init__(self, process: Piped) -> None:
        self.process = process
        self._read = b""

    def next(self) -> dict[str, Any]:
        """The next object, whatever it is."""
        pipe = self.process.stdout.fileno()  # read without a buffer that `select` does not know
        while b"\n" not in self._read:
            assert select.select([pipe], [], [], DEADLINE)[0], "it says nothing"
            more = os.read(pipe, 1 << 16)
            assert more, "it has ended"
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        SCHEMA.validate(found)
        return found

    def until(self, kind: str, **keys: object) -> dict[str, Any]:
        """The first object of this kind with these keys."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            said = self.next()
            if said["kind"] == kind and keys.items() <= said.items():
                return said
        raise AssertionError(f"no {kind} {keys}")


@contextmanager
def watch_json(lab: Lab, first: str = "") -> Iterator[Json]:
    with Piped(lab, "watch", "--json", first=first) as process:
        yield Json(process)


def ended(process: Piped) -> tuple[int, str]:
    """Its exit code, and what it said to standard error."""
    return process.wait(), process.stderr.read()


@pytest.mark.long
def test_a_program_reads_each_change_over_a_restart_of_the_engine(lab: Lab, start: Start) -> None:
    # It notices a silent engine in time, however rarely it has something else to do.
    seldom = altered("route_switcher.cli.watch._TICK", 3600)
    with watch_json(lab, seldom) as watching:
        assert "no engine runs" in watching.until("no-engine")["message"]
        engine = start(policy_text(lab, stable="1h"))
        engine.wait_for_health("primary", "secondary")
        watching.until("status")
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        decision = watching.until("event", event="decision", level="warning")
        assert decision["fields"]["selected"] == "secondary"
        families = watching.until("status")["status"]["families"]
        assert families[0]["active"] == "secondary"
        engine.end(signal.SIGKILL)
        watching.until("no-engine")
        engine = start()
        watching.until("status")
        engine.send(signal.SIGSTOP)
        try:
            said = watching.until("no-engine")
        finally:
            engine.send(signal.SIGCONT)
        assert said["message"] == "the engine does not answer"
        watching.until("status")
        watching.process.send_signal(signal.SIGINT)
        assert ended(watching.process) == (130, "")


@pytest.mark.parametrize("engine_runs", [False, True])
def test_it_ends_quietly_when_nobody_reads_it_and_at_a_signal(
    lab: Lab, start: Start, engine_runs: bool
) -> None:
    if engine_runs:
        start(policy_text(lab)).wait_for_health("primary", "secondary")
    with watch_json(lab) as watching:
        watching.next()
        watching.process.stdout.close()
        assert ended(watching.process) == (141, "")
    for number in (signal.SIGTERM, signal.SIGHUP):
        with watch_json(lab) as watching:
            watching.next()
            watching.process.send_signal(number)
            assert ended(watching.process) == (128 + number, "")


def test_a_full_disk_is_told_in_words(lab: Lab) -> None:
    to_full = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
    done = run_to_its_end(lab, "watch", "--json", wrapped_in=to_full)
    assert (done.returncode, done.stderr) == (
        1,
        "route-switcher: cannot write: No space left on device\n",
    )


def test_where_an_engine_does_not_answer_at_first_it_says_so_and_ends(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    engine.send(signal.SIGSTOP)
    try:
        done = run_to_its_end(lab, "watch", "--json")
    finally:
        engine.send(signal.SIGCONT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "route-switcher watch: the engine does not answer\n"


class Terminal:
    """`watch` on a terminal of this size."""

    def __init__(self, lab: Lab, columns: int, rows: int, *words: str, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        given = variables({"TERM": "xterm-256color", **environment})
        typed = f"import os; os.dup2(os.open({os.ttyname(slave)!r}, os.O_RDWR | os.O_NOCTTY), 0)"
        words = "watch", *words
        self.process = Forked(lab.inside(ROUTER), words, given, slave, slave, typed)
        os.close(slave)
        self.written = ""
        self._pieces = codecs.getincrementaldecoder("utf-8")("replace")

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()
        os.close(self._master)

    def resize(self, columns: int, rows: int) -> None:
        self._size = columns, rows
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def shows(self, *texts: str) -> None:
        """Wait until one drawing fits the size and has all of these."""
        end = time.monotonic() + DEADLINE
        columns, rows = self._size
        while time.monotonic() < end:
            self._read()
            for drawing in reversed(self.written.split(HOME)[1:-1][-3:]):
                lines = CONTROL.sub("", drawing).replace("\r", "").split("\n")
                joined = " ".join(" ".join(lines).split())
                fits = len(lines) <= rows and max(map(len, lines)) <= columns
                if fits and all(text in joined for text in texts):
                    return
        raise AssertionError(f"no drawing with {texts}: {self.written[-3000:]!r}")

    def ended(self) -> tuple[int, str]:
        """Its exit code, and what was written last."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None and time.monotonic() < end:
            self._read()
        while self._read():
            pass
        return self.process.wait(0), self.written

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 0.2)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the other end has closed it
            return False
        self.written += self._pieces.decode(data)
        return bool(data)


HOME = "\x1b[H"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
RESTORED = ("\x1b[?1049l", "\x1b[?25h")


def test_the_screen_shows_what_is_known_and_what_happens_in_any_size(
    lab: Lab, start: Start
) -> None:
    with Terminal(lab, 80, 40, COLUMNS="80", LINES="40") as terminal:
        terminal.shows("NO ENGINE: no engine runs", "Waiting for the next one")
        engine = start(policy_text(lab, stable="1h"))
        engine.wait_for_health("primary", "secondary")
        terminal.shows("OK: IPv4: the preferred uplink is active and healthy", "answered")
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        terminal.shows(
            "DEGRADED: IPv4: primary is preferred, but not active",
            "IPv4: secondary selected instead of primary",
        )
        terminal.resize(60, 40)
        terminal.shows("secondary is active", "answered", "waits for: rule no-internet")
        terminal.resize(60, 8)
        terminal.shows("DEGRADED", "more lines: the terminal is too small")
        engine.end(signal.SIGKILL)
        terminal.shows("NO ENGINE: no engine runs", "What was known last")
        terminal.process.send_signal(signal.SIGINT)
        code, written = terminal.ended()
        assert code == 130
        assert all(mark in written for mark in RESTORED)
        assert "Traceback" not in written


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_whatever_ends_it_the_terminal_is_as_before(lab: Lab, number: signal.Signals) -> None:
    with Terminal(lab, 80, 24, NO_COLOR="1") as terminal:
        terminal.shows("NO ENGINE")
        terminal.process.send_signal(number)
        code, written = terminal.ended()
        assert code == 128 + number
        assert all(mark in written for mark in RESTORED)
        assert "Traceback" not in written
        # It may be bold, but has no colours.
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", written)


def test_where_it_cannot_draw_it_says_what_does_without(lab: Lab) -> None:
    done = run_to_its_end(lab, "watch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "standard output is no terminal: `route-switcher watch --json`" in done.stderr
    with Terminal(lab, 80, 24, TERM="dumb") as terminal:
        code, written = terminal.ended()
        assert (code, "this terminal cannot be drawn on" in written) == (1, True)


def test_without_rich_it_says_how_to_get_it(lab: Lab) -> None:
    script = (
        "import sys, importlib.util as found; sys.stdout.isatty = lambda: True;"
        " found.find_spec = lambda name: None;"
        " from route_switcher.cli import main; sys.exit(main(['watch']))"
    )
    words = ["env", "TERM=xterm", sys.executable, "-P", "-c", script]
    done = subprocess.run(lab.command(ROUTER, words), capture_output=True, text=True, timeout=90)
    assert done.returncode == 1
    assert f"install it with `{sys.executable} -m pip install rich`" in done.stderr
    assert "`route-switcher status` and `route-switcher watch --json` do without" in done.stderr


def test_a_running_engine_never_imports_it(lab: Lab, policy_file: Path) -> None:
    """What it has imported is said by itself, at its end."""
    policy_file.write_text(policy_text(lab))
    script = (
        "import sys; from route_switcher.cli import main; code = main(sys.argv[1:]);"
        " print('imported:', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    words = [sys.executable, "-P", "-c", script, "run", str(policy_file), "--log-format", "json"]
    pipe = subprocess.PIPE
    process = lab.start(ROUTER, words, stdout=pipe, stderr=subprocess.DEVNULL)
    with watch_json(lab) as watching:
        watching.until("status")
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=DEADLINE)
    imported = said.partition("imported:")[2].split()
    assert {"route_switcher", "trio"} <= set(imported)
    assert not {"rich", "pygments", "markdown_it"} & set(imported)
