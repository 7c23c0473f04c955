"""A policy that cannot be read at once, or at all, holds up neither failover nor the end."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from route_switcher.cli.first_reading import read_in_time
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import DEADLINE, Start, command_line, eventually, run_to_its_end
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


def test_a_fifo_at_a_reload_is_refused_at_once(lab: Lab, start: Start, policy_file: Path) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    policy_file.unlink()
    os.mkfifo(policy_file)
    engine.send(signal.SIGHUP)
    engine.wait_for("policy", "cannot read the policy: not a regular file")
    engine.wait_for("reload", "the running one stays")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary", cause="failover")
    wait_until_taken(lab, "eth1")


def test_a_file_that_would_wait_for_its_content_is_refused_at_once(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    """It looks like a regular file (proc_kmsg(5)): the log of the kernel, which has been read."""
    log = "/proc/kmsg"
    try:
        reading = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        pytest.skip(f"{log}: {error.strerror}")
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    policy_file.unlink()
    policy_file.symlink_to(log)
    told = ""
    while "cannot read the policy: nothing can be read there now" not in told:
        with suppress(BlockingIOError):
            while os.read(reading, 1 << 16):
                pass
        asked = engine.now
        engine.send(signal.SIGHUP)
        engine.wait_for("reload", "the running one stays", since=asked)
        # If it could read something, the kernel had something to tell just then.
        told = "\n".join(record.message for record in engine.said("policy", since=asked))
    os.close(reading)


@pytest.mark.long
def test_while_a_file_system_hangs_it_fails_over_and_ends_when_asked(
    lab: Lab, start: Start, policy_file: Path, hanging: Path
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    policy_file.unlink()
    policy_file.symlink_to(hanging / "policy.yaml")
    for _ in range(3):
        engine.send(signal.SIGHUP)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    moved = engine.wait_for("decision", selected="secondary", cause="failover")
    wait_until_taken(lab, "eth1")
    gave_up = engine.wait_for(
        "reload", "the policy could not be read within 10 s: the running one stays", since=0
    )
    assert moved.number < gave_up.number
    engine.send(signal.SIGHUP)
    engine.wait_for("reload", "an earlier reading of the policy still hangs: the running one stays")
    assert engine.end(signal.SIGTERM) == 0


def test_at_the_start_a_file_system_that_hangs_is_waited_for_so_long_and_no_longer(
    lab: Lab, hanging: Path
) -> None:
    assert read_in_time.__defaults__ == (10.0,)
    soon = "from route_switcher.cli.first_reading import read_in_time as r; r.__defaults__ = 0.5,"
    done = run_to_its_end(lab, "run", str(hanging / "policy.yaml"), first=soon)
    assert done.returncode == 1
    path = hanging / "policy.yaml"
    assert done.stderr == f"{path}: error: cannot read the policy: not within 0.5 s [unreadable]\n"


def test_sigterm_ends_a_start_that_hangs(lab: Lab, hanging: Path) -> None:
    command = command_line("run", str(hanging / "policy.yaml"))
    process = lab.start(ROUTER, command, stderr=subprocess.PIPE)

    threads = Path(f"/proc/{process.pid}/task")
    eventually(lambda: len(list(threads.iterdir())) > 1, "the reading")
    process.terminate()
    _, told = process.communicate(timeout=DEADLINE)
    assert (process.returncode, told) == (0, "route-switcher run: stopped by SIGTERM\n")


def test_a_fifo_at_the_start_is_one_line(lab: Lab, policy_file: Path) -> None:
    os.mkfifo(policy_file)
    for command in ("run", "validate", "explain"):
        done = run_to_its_end(lab, command, str(policy_file))
        assert done.returncode == 1
        told = (done.stderr + done.stdout).splitlines()[0]
        assert (
            told == f"{policy_file}: error: cannot read the policy: not a regular file [unreadable]"
        )


def test_a_policy_that_others_may_write_is_warned_of_at_the_start_and_at_a_reload(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    policy_file.write_text(policy_text(lab))
    policy_file.chmod(0o666)
    engine = start()
    told = f"others may change the policy: every user may write {policy_file}: chmod o-w "
    assert engine.wait_for("policy", told).level == "warning"
    assert "may write" not in run_to_its_end(lab, "validate", str(policy_file)).stdout
    policy_file.chmod(0o644)
    policy_file.parent.chmod(0o777)
    engine.send(signal.SIGHUP)
    engine.wait_for("policy", f"chmod o-w {policy_file.parent}")
    engine.wait_for("reload", "the policy was read again, and is now in force")
