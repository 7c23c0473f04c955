"""A system call that is refused for good: one line names it, whatever the command."""

import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from route_switcher.lab.topology import Lab
from support import confining
from support.running import Start, run_to_its_end
from support.written_policy_files import policy_text

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(find_library("seccomp") is None, reason="libseccomp is missing"),
]

REFUSED = {
    "sendto": "sendto(2)",
    "recvfrom": "recvfrom(2)",
    "epoll_wait,epoll_pwait": "epoll_wait(2)",
    "socketpair": "socketpair(",
    "epoll_create1": "select.epoll()",
    "epoll_ctl": "waiting.register(",
}


def refusing(calls: str) -> str:
    """What a program does `first`."""
    return f"{Path(confining.__file__).read_text('utf-8')}\nrefuse({calls.split(',')})\n"


@pytest.mark.parametrize(
    ("calls", "command"),
    [*((calls, "run") for calls in REFUSED), ("sendto", "cleanup"), ("sendto", "init")],
)
def test_a_refused_call_is_named_in_one_line(
    lab: Lab, policy_file: Path, calls: str, command: str
) -> None:
    policy_file.write_text(policy_text(lab))
    words = [command, str(policy_file)] if command == "run" else [command]
    done = run_to_its_end(lab, *words, first=refusing(calls))
    assert (done.returncode, done.stdout) == (1, "")
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"route-switcher {command}: the kernel refused it: Operation not permit")
    assert REFUSED[calls] in line
    assert len(done.stderr.splitlines()) == (2 if command == "run" else 1)


def test_calls_that_are_refused_from_the_start_are_named_too(lab: Lab, policy_file: Path) -> None:
    """The parts of the program are still to be imported then."""
    policy_file.write_text(policy_text(lab))
    wrapped_in = [sys.executable, "-P", confining.__file__, ",".join(REFUSED)]
    done = run_to_its_end(lab, "run", str(policy_file), wrapped_in=wrapped_in)
    assert (done.returncode, done.stdout) == (1, "")
    line = done.stderr.splitlines()[-1]
    assert line.startswith("route-switcher run: the kernel refused it: Operation not permitted")


def test_where_answers_may_not_be_read_nothing_is_taken_for_dead(lab: Lab, start: Start) -> None:
    refused = refusing("recvmsg")
    engine = start(policy_text(lab, failures=1), "--log-level", "debug", first=refused)
    for uplink in ("primary", "secondary"):
        why = "answers could not be read: not permitted"
        told = engine.wait_for("round", why, since=0, uplink=uplink, outcome="unknown")
        engine.wait_for("round", since=told.number + 1, uplink=uplink)
    assert [r.message for r in engine.said("rule", after="failed")] == []
