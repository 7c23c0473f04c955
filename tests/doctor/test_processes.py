"""Which programs run in a network namespace, from the real /proc and from a written one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from route_switcher.doctor.processes import Process, Processes
from route_switcher.doctor.reading import processes as reading
from route_switcher.doctor.reading import programs
from route_switcher.doctor.reading.processes import processes
from route_switcher.doctor.reading.programs import said
from route_switcher.doctor.unread import Unread

WAITS = "print(flush=True); input()"


@pytest.mark.kernel
@pytest.mark.parametrize("apart", [False, True])
def test_only_those_of_our_network_are_seen(apart: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_LIMIT", 60.0)
    words = ["unshare", "--net"] * apart + [sys.executable, "-P", "-c", WAITS, "dhclient", "eth0"]
    with subprocess.Popen(words, stdin=-1, stdout=-1, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        found = processes()
        running.communicate("\n")
    assert isinstance(found, Processes)
    seen = {process.pid: process for process in found.seen}
    assert os.getpid() in seen
    assert (running.pid in seen) is not apart
    if not apart:
        assert seen[running.pid].words[-2:] == ("dhclient", "eth0")
        assert seen[running.pid].user == os.geteuid()


def test_without_proc_the_reason_is_told(tmp_path: Path) -> None:
    found = processes(tmp_path)
    assert isinstance(found, Unread)
    assert "No such file" in found.reason


@pytest.mark.parametrize(
    ("process", "found"),
    [
        (Process(1, "systemd-network", ("/lib/systemd/systemd-networkd",), 0), True),
        (Process(1, "systemd-network", (), 0), True),
        (Process(1, "python", ("/usr/bin/python", "systemd-networkd"), 0), False),
    ],
)
def test_a_program_is_known_by_its_name_or_what_it_was_started_as(
    process: Process, found: bool
) -> None:
    told = Processes((process,)).named("systemd-networkd", "systemd-network")
    assert told == ((process,) if found else ())


def test_what_a_program_says_is_bounded_and_its_failure_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "PATIENCE", 60.0)
    assert said("echo", "x") == "x\n"
    assert said("no-such-program") == Unread("no-such-program is not installed")
    assert said("sh", "-c", "echo why >&2; exit 3") == Unread("sh failed: why")
    assert said("false") == Unread("false failed: exit code 1")
    monkeypatch.setattr(programs, "_MOST", 1 << 20)
    assert said("yes") == Unread("yes says more than 1 MB")
    monkeypatch.setattr(programs, "PATIENCE", 0.1)
    assert said("sleep", "60") == Unread("sleep took longer than 0.1 s")
    late = Unread("sh took longer than 0.1 s")
    assert said("sh", "-c", "exec yes >&2") == late
    assert said("sh", "-c", "exec >&- 2>&-; exec sleep 60") == late
