"""Ctrl-C ends a drill at whichever moment it comes."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults import clients
from faults.rows_control import control_socket
from route_switcher.control.place import places
from route_switcher.control.protocol import request
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.forked import Forked
from support.running import DEADLINE, Engine, Start, eventually, run_to_its_end, variables
from support.tables import wait_until_taken
from support.written_policy_files import PATIENT, policy_text

pytestmark = pytest.mark.kernel

FOR_LONG = "from route_switcher.cli import drill; drill.PATIENCE = 600.0"
"""A busy machine may take longer from one step of a test to the next than a client waits."""

THE_SECOND_TIME_SHORTLY = """\
from route_switcher.cli import drill
connected, times = drill.connected, iter((600.0, 1.0))
drill.connected = lambda patience: connected(next(times))
"""


@dataclass
class Drill:
    """`route-switcher drill secondary`, and the file with its report."""

    process: Forked
    report: Path

    def interrupt(self) -> None:
        """Returns when it has taken the signal."""
        self.process.send_signal(signal.SIGINT)
        eventually(lambda: not self._is_pending(), "Ctrl-C is taken")

    def wait_for_a_reader(self) -> None:
        """Returns when it waits for one of a full pipe."""
        self._wait_until_asleep_in("pipe_write")

    def wait_for_its_turn(self) -> None:
        """Returns when it waits for a place in the queue of the engine."""
        self._wait_until_asleep_in("unix_wait_for_peer")

    def _wait_until_asleep_in(self, function: str) -> None:
        """A function of the kernel (proc_pid_wchan(5))."""
        asleep_in = Path(f"/proc/{self.process.pid}/wchan")
        eventually(lambda: function in asleep_in.read_text(), f"it sleeps in {function}")

    def _is_pending(self) -> bool:
        """Whether it has a SIGINT to take (proc_pid_status(5))."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        pending = next(line.split()[1] for line in lines if line.startswith("ShdPnd:"))
        return bool(int(pending, 16) & 1 << signal.SIGINT - 1)


def ready(lab: Lab, start: Start) -> Engine:
    engine = start(policy_text(lab, stable="1s", failures=PATIENT))
    engine.wait_for_health("primary", "secondary")
    return engine


def drill(lab: Lab, folder: Path, errors: int, first: str = FOR_LONG) -> Drill:
    """It goes on for an hour, and says on this descriptor what it does. `first`: see `Forked`."""
    words = ("drill", "secondary", "--for", "1h")
    with (folder / "report").open("wb") as report:
        outputs = report.fileno(), errors
        process = Forked(lab.inside(ROUTER), words, variables({}), *outputs, first)
    lab.keep(f"process {process.pid}", process.close)
    return Drill(process, folder / "report")


def assert_ended(lab: Lab, engine: Engine, drill: Drill) -> None:
    """By Ctrl-C, and the traffic is back."""
    assert drill.process.wait(DEADLINE) == 130
    engine.wait_for("order", "drill-end of secondary", since=0)
    wait_until_taken(lab, "eth0")
    status = json.loads(run_to_its_end(lab, "status", "--json").stdout)
    assert status["families"][0]["order"] is None


def wait_for_requests(lab: Lab, count: int) -> None:
    """Wait until so many connections wait for the engine, which is stopped, and a client has asked
    something and not been read."""

    def asked() -> bool:
        shown = lab.run(ROUTER, "ss", "--unix", "--all", "--no-header", "--numeric")
        lines = [line.split() for line in shown.splitlines()]
        waiting = [int(line[2]) for line in lines if line[1] == "LISTEN" and "/control" in line[4]]
        unread = [int(line[3]) for line in lines if line[1] == "ESTAB" and line[6:8] == ["*", "0"]]
        return waiting == [count] and any(unread)

    eventually(asked, f"{count} requests wait")


def fill(pipe: int) -> None:
    """Who writes to it next waits for a reader."""
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b" ")
    os.set_blocking(pipe, True)


@contextmanager
def nobody_else_can_connect(lab: Lab) -> Iterator[None]:
    """Meanwhile all places in the queue of the engine, which is stopped, are taken."""
    with lab.inside(ROUTER):
        (place,) = (each for each in places() if each.exists())
    with ExitStack() as closing:
        with suppress(BlockingIOError):
            while True:
                other = closing.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                other.setblocking(False)
                other.connect(str(place))
        yield


def test_before_it_is_asked_for(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = ready(lab, start)
    engine.send(signal.SIGSTOP)
    errors = tmp_path / "errors"
    with errors.open("wb") as said, nobody_else_can_connect(lab):
        begun = drill(lab, tmp_path, said.fileno())
        begun.wait_for_its_turn()
        begun.interrupt()
        engine.send(signal.SIGCONT)
        assert_ended(lab, engine, begun)
    assert (begun.report.read_text(), errors.read_text()) == ("", "")
    assert len(engine.said("decision")) == 1


def test_before_the_first_reply(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = ready(lab, start)
    engine.send(signal.SIGSTOP)
    errors = tmp_path / "errors"
    with errors.open("wb") as said:
        begun = drill(lab, tmp_path, said.fileno())
    wait_for_requests(lab, 1)
    begun.interrupt()
    wait_for_requests(lab, 2)
    engine.send(signal.SIGCONT)
    assert_ended(lab, engine, begun)
    assert (begun.report.read_text(), errors.read_text()) == ("", "")


def test_before_anybody_has_read_what_is_said(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = ready(lab, start)
    reading, writing = os.pipe()
    with open(reading) as errors:
        with open(writing, "w"):
            fill(writing)
            begun = drill(lab, tmp_path, writing)
        begun.wait_for_a_reader()
        engine.wait_for("order", "drill of secondary")
        wait_until_taken(lab, "eth1")
        begun.interrupt()
        engine.wait_for("order", "drill-end of secondary")
        said = errors.read()
    assert_ended(lab, engine, begun)
    assert begun.report.read_text().startswith("drill of secondary: ")
    assert "Traceback" not in said
    assert "ended by Ctrl-C" in said


def test_twice(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = ready(lab, start)
    errors = tmp_path / "errors"
    with errors.open("wb") as said:
        begun = drill(lab, tmp_path, said.fileno())
    wait_until_taken(lab, "eth1")
    eventually(lambda: "secondary selected" in errors.read_text(), "it has said what was done")
    engine.send(signal.SIGSTOP)
    with nobody_else_can_connect(lab):
        begun.interrupt()
        begun.wait_for_its_turn()
        begun.process.send_signal(signal.SIGINT)
        engine.send(signal.SIGCONT)
        engine.wait_for("order", "drill-end of secondary")
    assert_ended(lab, engine, begun)
    assert "Traceback" not in errors.read_text()


def test_when_another_drill_of_the_same_uplink_goes_on(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    engine = ready(lab, start)
    errors = tmp_path / "errors"
    with errors.open("wb") as said:
        begun = drill(lab, tmp_path, said.fileno())
    eventually(lambda: "secondary selected" in errors.read_text(), "it has said what was done")
    begun.process.send_signal(signal.SIGSTOP)
    with clients.connect(control_socket(engine.process.pid)) as other:
        replies = other.makefile("rb")
        for line in (
            request("drill-end", uplink="secondary"),
            request("drill", uplink="secondary", seconds=3600, id="of another"),
        ):
            other.sendall(line)
            assert json.loads(replies.readline())["ok"]
    begun.process.send_signal(signal.SIGINT)
    begun.process.send_signal(signal.SIGCONT)
    assert begun.process.wait(DEADLINE) == 4
    told = "the drill is over, and another one has begun"
    assert told in errors.read_text()
    status = json.loads(run_to_its_end(lab, "status", "--json").stdout)
    assert status["families"][0]["order"] is not None


def test_while_the_engine_does_not_answer_and_nobody_reads(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    engine = ready(lab, start)
    reading, writing = os.pipe()
    with open(reading), open(writing, "w"):
        fill(writing)
        begun = drill(lab, tmp_path, writing, THE_SECOND_TIME_SHORTLY)
        begun.wait_for_a_reader()
        engine.send(signal.SIGSTOP)
        begun.interrupt()
        eventually(lambda: begun.report.stat().st_size > 0, "it says what was known last")
        begun.wait_for_a_reader()
        begun.interrupt()
        assert begun.process.wait(DEADLINE) == 130


def test_while_nobody_reads_the_report(lab: Lab, start: Start) -> None:
    ready(lab, start)
    reading, writing = os.pipe()
    with open(reading), open(writing, "w"), open(os.devnull, "wb") as errors:
        fill(writing)
        words = ("drill", "secondary", "--for", "1s")
        outputs = writing, errors.fileno()
        process = Forked(lab.inside(ROUTER), words, variables({}), *outputs, FOR_LONG)
        lab.keep(f"process {process.pid}", process.close)
        begun = Drill(process, Path(os.devnull))
        begun.wait_for_a_reader()
        begun.interrupt()
        assert process.wait(DEADLINE) == 130
