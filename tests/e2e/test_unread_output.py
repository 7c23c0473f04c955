"""Nobody reads what it says, or it cannot be written: routes move all the same, and it ends."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.forked import Forked
from support.running import DEADLINE, command_line, eventually, variables
from support.scraping import LISTEN, scrape, value
from support.tables import wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO|WARNING|ERROR) ")

Run: TypeAlias = Callable[..., Forked]


AT_ONCE = """
from route_switcher.daemon.line_writer import LineWriter
LineWriter.drain.__defaults__ = (0.1,)
"""
"""What nobody reads is given up at once, at the end. One test waits as long as users do."""


class Output:
    """Where the engine writes, and nobody reads: `writing` is its descriptor."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing = reading, writing
        self._filled = 0

    def fill(self) -> None:
        """Write until nothing more goes in."""
        os.set_blocking(self.writing, False)
        with suppress(BlockingIOError):
            while True:
                self._filled += os.write(self.writing, b"." * 4096)
        os.set_blocking(self.writing, True)

    def read(self, until: Callable[[str], bool]) -> str:
        """What was written after it was filled, once `until` holds of it."""
        os.set_blocking(self.reading, False)
        data = bytearray()

        def enough() -> bool:
            with suppress(BlockingIOError):
                data.extend(os.read(self.reading, 65536))
            return until(data[self._filled :].decode())

        eventually(enough, "what is read")
        return data[self._filled :].decode()

    def close(self) -> None:
        """Close both ends."""
        for descriptor in (self.reading, self.writing):
            os.close(descriptor)


def full_pipe() -> Output:
    output = Output(*os.pipe())
    output.fill()
    return output


def full_socket() -> Output:
    ours, theirs = socket.socketpair()
    output = Output(ours.detach(), theirs.detach())
    output.fill()
    return output


def stopped_terminal() -> Output:
    """As after Ctrl-S."""
    output = Output(*pty.openpty())
    termios.tcflow(output.writing, termios.TCOOFF)
    return output


@pytest.fixture(params=[full_pipe])
def unread(request: pytest.FixtureRequest) -> Iterator[Output]:
    output: Output = request.param()
    yield output
    output.close()


@pytest.fixture
def run(lab: Lab, policy_file: Path) -> Run:
    """Start the engine with a policy, standard error on this descriptor, and standard output
    there or on the one that is given."""

    def start(
        stderr: int,
        *words: str,
        stdout: int | None = None,
        policy: str | None = None,
        first: str = AT_ONCE,
    ) -> Forked:
        policy_file.write_text(policy_text(lab) if policy is None else policy)
        words = "run", str(policy_file), *words
        outputs = stderr if stdout is None else stdout, stderr
        process = Forked(lab.inside(ROUTER), words, variables({}), *outputs, first)
        lab.keep(f"process {process.pid}", process.close)
        return process

    return start


def fail_over(lab: Lab) -> None:
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20))


def ends(process: Forked | subprocess.Popen[str], code: int = 0) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE) == code


@pytest.mark.parametrize(
    ("unread", "words"),
    [
        (full_pipe, ()),
        (full_pipe, ("--log-format", "json", "--log-level", "debug")),
        (full_socket, ()),
        (stopped_terminal, ()),
    ],
    indirect=["unread"],
)
def test_it_fails_over_and_ends_though_nobody_reads_the_log(
    lab: Lab, run: Run, unread: Output, words: tuple[str, ...]
) -> None:
    process = run(unread.writing, *words, first=AT_ONCE if words else "")
    fail_over(lab)
    ends(process)


_IN_THE_BACKGROUND = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
if os.fork() == 0:
    os.setpgid(0, 0)
    os.execvp(sys.argv[1], sys.argv[1:])
os.wait()
"""
"""Start a command as a shell starts it with `&`: it is not in the terminal's foreground."""


def test_a_terminal_that_stops_who_writes_in_the_background_does_not_stop_it(
    lab: Lab, policy_file: Path
) -> None:
    ours, theirs = pty.openpty()
    flags = termios.tcgetattr(theirs)
    flags[3] |= termios.TOSTOP
    termios.tcsetattr(theirs, termios.TCSANOW, flags)
    policy_file.write_text(policy_text(lab))
    words = [sys.executable, "-I", "-c", _IN_THE_BACKGROUND]
    shell = lab.start(ROUTER, [*words, *command_line("run", str(policy_file))], stderr=theirs)
    fail_over(lab)
    children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text()
    os.kill(int(children), signal.SIGTERM)
    assert shell.wait(DEADLINE) == 0
    os.close(theirs)
    os.close(ours)


def test_when_the_log_is_read_again_it_says_how_many_lines_were_lost(lab: Lab, run: Run) -> None:
    output = full_pipe()
    policy = policy_text(lab).replace("50ms", "10ms") + LISTEN
    words = "--log-format", "json", "--log-level", "debug"
    process = run(output.writing, *words, policy=policy)
    fail_over(lab)
    eventually(lambda: value(scrape(lab), "log_lines_lost_total") > 0, "more lines than may wait")
    told = output.read(lambda text: "were lost" in text and text.endswith("\n"))
    ends(process)
    output.close()
    lines = [json.loads(line) for line in told.splitlines()]
    lost = next(number for number, line in enumerate(lines) if line["event"] == "lost")
    assert lines[lost]["lines"] > 0
    assert re.match(r"\d+ lines of this log were lost since \d", lines[lost]["message"])
    # What was said first is kept: all that may wait, 256 KiB or 4096 lines.
    assert lost > 500
    assert "primary" in [line.get("selected") for line in lines[:lost]]


def test_a_full_disk_leaves_no_half_line_before_the_next(
    lab: Lab, run: Run, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=True)
    try:
        log, other = disk / "log", disk / "other"
        other.write_bytes(b"." * ((1 << 20) - 4096))
        with log.open("ab") as stream:
            process = run(stream.fileno(), "--log-level", "debug")
            eventually(lambda: log.stat().st_size == 4096, "a full disk")
            assert not log.read_bytes().endswith(b"\n")
            fail_over(lab)
            other.unlink()
            eventually(lambda: b"secondary selected" in log.read_bytes(), "the rest")
            ends(process)
        lines = log.read_text().splitlines(keepends=True)
        assert [line for line in lines if not (_LINE.match(line) and line.endswith("\n"))] == []
        assert "stopped by SIGTERM" in lines[-1]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_reader_that_goes_away_does_not_end_it(lab: Lab, run: Run) -> None:
    reading, writing = os.pipe()
    process = run(writing)
    os.close(writing)
    os.close(reading)
    fail_over(lab)
    ends(process)


def test_a_terminal_that_is_gone_does_not_end_it(lab: Lab, run: Run) -> None:
    """Every write fails with EIO then."""
    ours, theirs = pty.openpty()
    process = run(theirs)
    os.close(theirs)
    os.close(ours)
    fail_over(lab)
    ends(process)


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_closed_descriptor_becomes_none_of_its_sockets(
    lab: Lab, policy_file: Path, closed: str
) -> None:
    policy_file.write_text(policy_text(lab))
    words = ["sh", "-c", f'exec "$@" {closed}', "sh", *command_line("run", str(policy_file))]
    process = lab.start(ROUTER, words)
    fail_over(lab)
    for number in "012":
        opened = os.readlink(f"/proc/{process.pid}/fd/{number}")
        assert not opened.startswith("socket:"), opened
        if number in re.findall(r"(\d)[<>]&-", closed):
            assert opened == "/dev/null"
    ends(process)


def test_a_dry_run_ends_though_nobody_reads_its_actions(lab: Lab, run: Run) -> None:
    output = full_pipe()
    reading, writing = os.pipe()
    process = run(writing, "--dry-run", "--log-level", "debug", stdout=output.writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as log:
        assert any("primary: internet" in line for line in log)  # it goes on
        ends(process)
    output.close()


def test_a_start_error_that_nobody_reads_does_not_hold_it_up(
    lab: Lab, run: Run, unread: Output
) -> None:
    process = run(unread.writing, policy="version: 2\n")
    assert process.wait(DEADLINE) == 1
