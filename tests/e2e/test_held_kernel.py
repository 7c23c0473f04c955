"""Another program holds the kernel's lock for links and routes: everything but that goes on."""

import signal
import socket
from contextlib import suppress
from ctypes.util import find_library
from pathlib import Path

import pytest

from route_switcher.lab.addresses import INTERNET, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support import held_netlink
from support.running import DEADLINE, Start, eventually, run_to_its_end
from support.tables import wait_for_our_routes, wait_until_taken
from support.written_policy_files import PATIENT, policy_text

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(find_library("seccomp") is None, reason="libseccomp is missing"),
]

PINGS = 20
PATIENCE = 3.0
"""Seconds for which this service manager waits for a sign of life."""


def hold(lab: Lab, folder: Path) -> None:
    """The kernel keeps the engine's requests from now on, and keeps one when this returns."""
    (folder / "hold").touch()
    lab.run(ROUTER, "ip", "route", "del", "default", "proto", "115", "metric", "20")
    eventually((folder / "held").exists, "a request is held")


def let_go(folder: Path) -> None:
    (folder / "hold").unlink()


def pings(lab: Lab) -> int:
    """How many have come to the targets (proc_net_snmp(5))."""
    with lab.inside(INTERNET):
        lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    names, numbers = (line.split() for line in lines if line.startswith("Icmp:"))
    return int(numbers[names.index("InEchos")])


def test_pings_and_answers_go_on(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = start(policy_text(lab, failures=PATIENT), first=held_netlink.first(tmp_path))
    engine.wait_for_health("primary", "secondary")
    hold(lab, tmp_path)
    engine.wait_for("kernel", "the kernel does not answer")
    before = pings(lab)
    eventually(lambda: pings(lab) >= before + PINGS, "the engine pings")
    assert run_to_its_end(lab, "status").returncode == 0
    let_go(tmp_path)
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    engine.wait_for("kernel", "the kernel answers again")


def test_a_new_engine_would_wait_as_well(lab: Lab, start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(DEADLINE)
        environment = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": str(int(PATIENCE * 1e6)),
        }
        first = held_netlink.first(tmp_path)
        engine = start(policy_text(lab, failures=PATIENT), first=first, **environment)
        engine.wait_for_health("primary", "secondary")
        hold(lab, tmp_path)
        engine.wait_for("kernel", "the kernel does not answer")
        manager.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                manager.recv(100)
        manager.settimeout(DEADLINE)
        assert [manager.recv(100) for _ in range(3)] == 3 * [b"WATCHDOG=1"]
        let_go(tmp_path)
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))


def test_it_moves_when_the_kernel_answers_again(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = start(policy_text(lab), first=held_netlink.first(tmp_path))
    engine.wait_for_health("primary", "secondary")
    hold(lab, tmp_path)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("kernel", "the kernel does not answer")
    let_go(tmp_path)
    wait_until_taken(lab, "eth1")


def test_it_can_be_ended_meanwhile(lab: Lab, start: Start, tmp_path: Path) -> None:
    engine = start(policy_text(lab, failures=PATIENT), first=held_netlink.first(tmp_path))
    engine.wait_for_health("primary", "secondary")
    hold(lab, tmp_path)
    assert engine.end(signal.SIGTERM) == 0
    assert engine.said("stop")
