"""Folders for the lock that are read-only or full: the engine runs, and keeps out a second one."""

import signal
from pathlib import Path

import pytest

from route_switcher.lab.topology import Lab
from support.forked import apart
from support.running import Start, run_to_its_end
from support.tables import our_routes, wait_for_our_routes
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

FULL = "mount -t tmpfs -o size=4k none /run && head -c 4096 /dev/zero >/run/filler"
WAYS = {
    "read-only": "mount -t tmpfs -o ro none /run",
    "full": FULL,
    "without inodes": "mount -t tmpfs -o nr_inodes=1 none /run",
    "with inodes for one folder": "mount -t tmpfs -o nr_inodes=2 none /run",
    "a file in its place": "mount -t tmpfs none /run && touch /run/route-switcher",
    "all read-only": "mount -t tmpfs -o ro none /run && mount -o bind,ro /tmp /tmp",
}


@pytest.mark.parametrize("way", WAYS)
def test_it_starts_and_is_the_only_one(lab: Lab, start: Start, policy_file: Path, way: str) -> None:
    first = apart(WAYS[way])
    engine = start(policy_text(lab), first=first)
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    for command in (["run", str(policy_file)], ["cleanup"]):
        done = run_to_its_end(lab, *command, first=first)
        assert done.returncode == 1
        assert "another route-switcher" in done.stderr.splitlines()[-1]
    assert engine.end(signal.SIGTERM) == 0
    assert len(engine.said("lock")) == (way == "all read-only")
    assert run_to_its_end(lab, "cleanup", first=first).returncode == 0
    assert our_routes(lab) == set()
