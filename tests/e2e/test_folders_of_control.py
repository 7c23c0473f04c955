"""The folders of the control socket and of orders: gone, full, read-only, mounted over."""

import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from faults.rows_control import control_socket
from route_switcher.lab.topology import Lab
from support.forked import altered, apart, beside
from support.running import Start, eventually, run_to_its_end
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


def test_where_no_folder_can_be_had_the_engine_runs_and_says_that_nobody_can_ask(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    way = "mount -t tmpfs -o ro none /run && mount -o bind,ro /tmp /tmp"
    engine = start(policy_text(lab), first=apart(way))
    engine.wait_for("control", "nobody can ask this engine or order it")
    engine.wait_for_health("primary", "secondary")


def test_where_its_socket_is_elsewhere_the_command_says_that_an_engine_seems_to_run(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    done = run_to_its_end(lab, "status", first=apart("mount -t tmpfs none /run"))
    assert done.returncode == 1
    assert "an engine seems to run, since the name @route-switcher is held" in done.stderr
    assert engine.end(signal.SIGTERM) == 0


GONE = {
    "its file is deleted": 'rm "$1"',
    # At once: the engine may look between two files.
    "its folder is deleted": 'mv "${1%/*}" /run/away && rm -r /run/away',
    "the run folder is deleted": "mv /run/route-switcher /run/away && rm -r /run/away",
    "something is mounted over it": "mount -t tmpfs none /run",
    "and taken away again": "umount --lazy /run",
}


def test_its_socket_is_made_again_whatever_becomes_of_it(lab: Lab, start: Start) -> None:
    often = altered("route_switcher.daemon.control.upkeep.LOOK", 0.3)
    engine = start(policy_text(lab), first=apart(":") + often)
    engine.wait_for_health("primary", "secondary")
    path = control_socket(engine.process.pid)
    path = path[path.index("/run/") :]
    inside = ["nsenter", f"--mount=/proc/{engine.process.pid}/ns/mnt"]
    for number, what in enumerate(GONE.values(), 1):
        subprocess.run([*inside, "sh", "-ec", what, "sh", path], check=True)
        engine.wait_for("control", "the control socket was gone, and is made again")
        done = run_to_its_end(lab, "status", first=beside(engine.process.pid))
        assert done.returncode in (0, 3)
        assert len(engine.said("control")) == number
    assert engine.end(signal.SIGTERM) == 0
    assert run_to_its_end(lab, "status").stderr.endswith(
        "no engine runs in this network namespace\n"
    )


def delete(folder: Path) -> None:
    """The folder, and all in it, whatever the engine writes there meanwhile."""

    def is_gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    eventually(is_gone, f"{folder} is deleted")


def test_an_order_is_kept_though_its_folder_was_deleted(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    engine = start(policy_text(lab), STATE_DIRECTORY=str(state))
    engine.wait_for_health("primary", "secondary")
    assert run_to_its_end(lab, "switch", "secondary").returncode == 0
    delete(state)
    eventually(lambda: any(state.glob("*/orders")), "the order is written again")
    engine.end(signal.SIGKILL)
    engine = start(None, STATE_DIRECTORY=str(state))
    engine.wait_for("order", "kept over the restart: switch to secondary")
    engine.wait_for_health("primary", "secondary")
    delete(state)
    assert run_to_its_end(lab, "switch", "primary").returncode == 0
    assert any(state.glob("*/orders"))


UNWRITABLE = {
    "read-only": "mount -t tmpfs -o ro none $STATE_DIRECTORY",
    "full": "mount -t tmpfs -o size=4k none $STATE_DIRECTORY"
    " && head -c 4096 /dev/zero >$STATE_DIRECTORY/filler",
}


@pytest.mark.parametrize("way", UNWRITABLE)
def test_where_the_state_folder_takes_nothing_the_run_folder_keeps_an_order(
    lab: Lab, start: Start, policy_file: Path, tmp_path: Path, way: str
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    given = {"first": apart(UNWRITABLE[way]), "STATE_DIRECTORY": str(state)}
    engine = start(policy_text(lab), **given)
    engine.wait_for_health("primary", "secondary")
    done = run_to_its_end(lab, "switch", "secondary")
    assert (done.returncode, done.stderr) == (0, "")
    engine.end(signal.SIGKILL)
    engine = start(None, **given)
    engine.wait_for("order", "kept over the restart: switch to secondary")
    assert run_to_its_end(lab, "release").returncode == 0


def test_where_no_folder_takes_an_order_that_is_said_once_and_the_engine_runs_on(
    lab: Lab, start: Start
) -> None:
    full = "mount -t tmpfs -o size=4k none /run && mount -o bind,ro /tmp /tmp"
    engine = start(policy_text(lab), first=apart(full))
    engine.wait_for_health("primary", "secondary")
    root = f"/proc/{engine.process.pid}/root"
    with Path(f"{root}/run/filler").open("wb") as filler, suppress(OSError):
        filler.write(bytes(8192))
    for uplink in ("secondary", "primary"):
        done = run_to_its_end(lab, "switch", uplink, first=beside(engine.process.pid))
        assert done.returncode == 0
        assert "cannot be kept over a restart" in done.stderr
    assert len(engine.said("control")) == 1
    wait_until_taken(lab, "eth0")
