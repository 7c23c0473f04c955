"""An engine whose loop stands still is noticed by its service manager, and a new start moves
nothing; many orders at once end in one that counts."""

import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from faults import clients
from faults.rows_control import control_socket
from route_switcher.control.protocol import request
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, Start, run_to_its_end
from support.tables import wait_for_our_routes, wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

PATIENCE = 3.0
"""Seconds for which this service manager waits for a sign of life."""


def falls_silent(manager: socket.socket) -> bool:
    """Whether nothing more comes, once what was said before has been read."""
    for _ in range(1000):
        try:
            manager.recv(100)
        except TimeoutError:
            return True
    return False


def test_an_engine_that_stands_still_is_ended_and_a_new_one_moves_nothing(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    environment = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": str(int(PATIENCE * 1e6)),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(environment["NOTIFY_SOCKET"])
        manager.settimeout(DEADLINE)
        engine = start(policy_text(lab), **environment)
        assert manager.recv(100) == b"READY=1"
        assert manager.recv(100) == b"WATCHDOG=1"
        engine.wait_for_health("primary", "secondary")
        engine.send(signal.SIGSTOP)
        manager.settimeout(PATIENCE)
        assert falls_silent(manager)
        engine.end(signal.SIGKILL)
        manager.settimeout(DEADLINE)
        start(None, **environment)
        assert manager.recv(100) == b"READY=1"
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))


def test_an_engine_is_ready_though_others_fill_the_queue_of_its_service_manager(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    name = str(tmp_path / "notify")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other,
    ):
        manager.bind(name)
        manager.settimeout(DEADLINE)
        other.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                other.sendto(b"from somebody else", name)
        engine = start(policy_text(lab), NOTIFY_SOCKET=name)
        engine.wait_for_health("primary", "secondary")
        while (said := manager.recv(100)) == b"from somebody else":
            pass
        assert said == b"READY=1"


def test_a_thousand_orders_at_once_leave_the_engine_as_the_last_one_says(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    path = control_socket(engine.process.pid)
    lines = (
        request("switch", uplink="secondary"),
        request("release"),
        request("drill", uplink="secondary", seconds=3600),
        request("drill-end", uplink="secondary"),
    )

    def order(number: int) -> bool:
        with suppress(ConnectionError), clients.connect(path) as connection:
            replies = connection.makefile("rb")
            for turn in range(10):
                connection.sendall(lines[(number + turn) % len(lines)])
                reply = replies.readline()
                if not reply.endswith(b"\n"):
                    return False  # one more connection took its place
                json.loads(reply)
            return True
        return False  # as well: it was told by a reset

    with ThreadPoolExecutor(16) as pool:
        answered = list(pool.map(order, range(100)))
    assert any(answered)
    assert run_to_its_end(lab, "release").returncode == 0
    assert (
        json.loads(run_to_its_end(lab, "status", "--json").stdout)["families"][0]["order"] is None
    )
    wait_until_taken(lab, "eth0")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    wait_until_taken(lab, "eth1")
