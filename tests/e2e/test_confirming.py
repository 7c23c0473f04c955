"""`reload --confirm` on the real kernel: over kills and restarts it goes back, unless confirmed."""

import signal
import time
from pathlib import Path

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.running import Start, eventually, run_to_its_end
from support.tables import wait_for_our_routes, wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

REFUSED = "route-switcher confirm: no confirmation is awaited\n"


def test_it_goes_back_though_the_engine_is_killed_meanwhile_and_stays_there(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab, stable="1s"))
    engine.wait_for_health("primary", "secondary")
    policy_file.write_text(policy_text(lab, order=(1, 0), stable="1s"))
    done = run_to_its_end(lab, "reload", "--confirm", "1h")
    assert (done.returncode, done.stderr) == (0, "")
    assert "on trial" in done.stdout
    wait_until_taken(lab, "eth1")
    assert "ON TRIAL: `route-switcher confirm` within" in run_to_its_end(lab, "status").stdout
    engine.end(signal.SIGKILL)
    engine = start()
    engine.wait_for("confirm", "the policy is on trial still")
    engine.wait_for_health("primary", "secondary")
    # A shorter end takes the place of the longer one.
    assert run_to_its_end(lab, "reload", "--confirm", "2s").returncode == 0
    engine.wait_for("confirm", "nobody confirmed the policy")
    wait_until_taken(lab, "eth0")
    assert "NOT CONFIRMED" in run_to_its_end(lab, "status").stdout
    done = run_to_its_end(lab, "confirm")
    assert (done.returncode, done.stdout) == (1, "")
    assert "it is too late" in done.stderr
    # The file still has what nobody confirmed: no restart takes it, whoever restarts.
    for number in (signal.SIGKILL, signal.SIGTERM):
        engine.end(number)
        engine = start()
        engine.wait_for("policy", "nobody confirmed the policy in its file")
        engine.wait_for_health("primary", "secondary")
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    engine.send(signal.SIGHUP)
    wait_until_taken(lab, "eth1")
    engine.end(signal.SIGTERM)
    engine = start()
    engine.wait_for_health("primary", "secondary")
    assert engine.said("confirm") == engine.said("policy") == []


def test_a_trial_that_ended_while_no_engine_ran_is_over(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab, stable="1s"))
    engine.wait_for_health("primary", "secondary")
    policy_file.write_text(policy_text(lab, order=(1, 0), stable="1s"))
    assert run_to_its_end(lab, "reload", "--confirm", "1s").returncode == 0
    engine.end(signal.SIGKILL)
    killed = time.monotonic()
    eventually(lambda: time.monotonic() > killed + 1, "the trial is over")
    engine = start()
    engine.wait_for("policy", "nobody confirmed the policy in its file")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))


def test_it_goes_back_though_the_interface_from_before_is_gone(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab, stable="1s"))
    engine.wait_for_health("primary", "secondary")
    policy_file.write_text(policy_text(lab, order=(1,), metrics=(20,), stable="1s"))
    assert run_to_its_end(lab, "reload", "--confirm", "1h").returncode == 0
    wait_until_taken(lab, "eth1")
    lab.run(ROUTER, "ip", "link", "delete", "eth0")
    # A shorter end takes the place of the longer one.
    assert run_to_its_end(lab, "reload", "--confirm", "1s").returncode == 0
    engine.wait_for("confirm", "nobody confirmed the policy")
    engine.wait_for("rule", uplink="primary", after="failed")
    wait_until_taken(lab, "eth1")
    assert run_to_its_end(lab, "status").returncode == 3


def test_confirmed_or_refused_it_is_as_any_reload(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    good = policy_text(lab, stable="1s")
    engine = start(good)
    engine.wait_for_health("primary", "secondary")
    done = run_to_its_end(lab, "confirm")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", REFUSED)
    policy_file.write_text("uplinks: []")
    assert run_to_its_end(lab, "reload", "--confirm", "60s").returncode == 1
    assert run_to_its_end(lab, "confirm").stderr == REFUSED
    for span in ("0s", "25h", "60", ""):
        assert run_to_its_end(lab, "reload", f"--confirm={span}").returncode == 2
    policy_file.write_text(policy_text(lab, order=(1, 0), stable="1s"))
    assert run_to_its_end(lab, "reload", "--confirm", "60s").returncode == 0
    done = run_to_its_end(lab, "confirm")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "confirmed: the policy now in force stays\n"
    assert run_to_its_end(lab, "confirm").returncode == 1
    engine.end(signal.SIGKILL)
    engine = start()
    engine.wait_for_health("primary", "secondary")
    wait_for_our_routes(lab, ("eth1", 10), ("eth0", 20))
