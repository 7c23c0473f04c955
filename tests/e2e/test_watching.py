"""`watch` on the real kernel: what a person sees, what a program reads, and how it ends."""

import json
import select
import signal
import subprocess
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
from support.running import DEADLINE, Start, command_line, run_to_its_end
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

TOP = Path(__file__).parents[2]
SCHEMA = Draft7Validator(json.loads((TOP / "schemas" / "watch.schema.json").read_text("utf-8")))


class Json:
    """A `watch --json` that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def next(self) -> dict[str, Any]:
        """The next object, whatever it is."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        assert ready, "it says nothing"
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
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
def watch_json(lab: Lab) -> Iterator[Json]:
    command = lab.command(ROUTER, command_line("watch", "--json"))
    pipe = subprocess.PIPE
    # Unbuffered, so that what is waited for is not in a buffer of ours.
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, bufsize=1) as process:
        try:
            yield Json(process)
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it said to standard error."""
    assert process.stderr is not None
    return process.wait(DEADLINE), process.stderr.read()


def test_a_program_reads_each_change_over_a_restart_of_the_engine(lab: Lab, start: Start) -> None:
    with watch_json(lab) as watching:
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
        assert watching.process.stdout is not None
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
