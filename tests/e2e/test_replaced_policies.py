"""Whatever stands in the policy's place at a reload: the running one stays, and rounds go on."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Start, run_to_its_end
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

GIGABYTE = 1 << 30


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def make_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(GIGABYTE)


IN_ITS_PLACE: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "a directory": Path.mkdir,
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
    "a device that says nothing": lambda path: path.symlink_to("/dev/null"),
    "a loop of links": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a socket": bind,
    "a gigabyte of nothing": make_sparse,
    "a file that was cut": lambda path: path.write_text("version: 1\nuplinks:\n  primary: {int"),
    "an empty file": Path.touch,
    "a file of /proc": lambda path: path.symlink_to("/proc/self/mem"),
    "nonsense": lambda path: path.write_bytes(b"\xff\x00{[" * 1000),
}


def size_of(process: int) -> int:
    """Kilobytes of memory in use."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


def test_the_running_policy_stays_whatever_replaces_its_file(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    run_to_its_end(lab, "reload")
    before = size_of(engine.process.pid)
    for what, put in IN_ITS_PLACE.items():
        if policy_file.is_dir():
            policy_file.rmdir()
        else:
            policy_file.unlink()
        put(policy_file)
        done = run_to_its_end(lab, "reload")
        assert (done.returncode, done.stdout) == (1, ""), what
        assert str(policy_file) in done.stderr, what
        assert done.stderr.endswith("the running one stays\n"), what
        told = done.stderr.splitlines()  # of 80 columns: path and value wrap
        assert len(told) <= 8, what
    assert size_of(engine.process.pid) < before + 20_000
    assert engine.said("decision")[1:] == []
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    wait_until_taken(lab, "eth1")
