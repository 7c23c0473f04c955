"""After Ctrl-C an order that was sent may still be carried out, and the command says so."""

import os
import signal
from pathlib import Path

import pytest

from e2e.test_interrupted_drills import fill, ready, wait_for_requests
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.forked import Forked
from support.running import DEADLINE, Start, variables
from support.tables import wait_until_taken

pytestmark = pytest.mark.kernel

PATIENTLY = (
    "from route_switcher.cli import asking;asking.ask.__kwdefaults__['patience'] = 600.0;"
    "asking.connected.__wrapped__.__defaults__ = (600.0,)"
)
"""A busy machine may take longer from one step of a test to the next than a client waits."""


def asked(lab: Lab, words: str, errors: int) -> Forked:
    """A command that gives an order, and says on this descriptor what went wrong."""
    with open(os.devnull, "wb") as nowhere:
        outputs = nowhere.fileno(), errors
        process = Forked(lab.inside(ROUTER), words.split(), variables({}), *outputs, PATIENTLY)
    lab.keep(f"process {process.pid}", process.close)
    return process


@pytest.mark.parametrize("words", ["switch secondary", "release", "reload", "confirm"])
def test_what_was_sent_may_still_be_done(
    lab: Lab, start: Start, tmp_path: Path, words: str
) -> None:
    engine = ready(lab, start)
    engine.send(signal.SIGSTOP)
    errors = tmp_path / "errors"
    with errors.open("wb") as said:
        process = asked(lab, words, said.fileno())
    wait_for_requests(lab, 1)
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE) == 130
    command = words.split()[0]
    told = f"route-switcher {command}: ended by Ctrl-C; it may still do it\n"
    assert errors.read_text() == told
    engine.send(signal.SIGCONT)
    engine.wait_for("order", command)


def test_a_question_changes_nothing(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = ready(lab, start)
    engine.send(signal.SIGSTOP)
    errors = tmp_path / "errors"
    with errors.open("wb") as said:
        process = asked(lab, "status", said.fileno())
    wait_for_requests(lab, 1)
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE) == 130
    assert errors.read_text() == ""


def test_where_nobody_reads_it_is_not_waited_for(lab: Lab, start: Start) -> None:
    engine = ready(lab, start)
    engine.send(signal.SIGSTOP)
    reading, writing = os.pipe()
    with open(reading), open(writing, "w"):
        fill(writing)
        process = asked(lab, "switch secondary", writing)
        wait_for_requests(lab, 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 130
    engine.send(signal.SIGCONT)
    wait_until_taken(lab, "eth1")
