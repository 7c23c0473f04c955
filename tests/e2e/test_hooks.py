"""Programs that the running engine runs: what they are told, and in which order with the routes."""

import json
import signal
from pathlib import Path

import jsonschema
import pytest

from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from route_switcher.resources import shipped_schemas
from support.hook_programs import Notes
from support.running import Start, eventually, run_to_its_end
from support.tables import wait_for_our_routes
from support.written_policy_files import PATIENT, policy_text

pytestmark = pytest.mark.kernel

SWITCHES = ("on_switch", "on_uplink_down", "on_uplink_up")


def test_a_failover_and_the_way_back_are_told_of(lab: Lab, start: Start, tmp_path: Path) -> None:
    notes = Notes(tmp_path, "ip -o route show default proto 115 > $0.routes-$ROUTE_SWITCHER_UPLINK")
    # The kernel may tell of a lost carrier a second late.
    engine = start(policy_text(lab, failures=PATIENT) + notes.hooks(*SWITCHES))
    engine.wait_for_health("primary", "secondary")
    notes.wait_for("on_switch ->primary")
    FAULTS["carrier"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary")
    notes.wait_for("on_switch ->primary", "on_uplink_down primary", "on_switch primary>secondary")
    FAULTS["carrier"].heal(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="primary")
    eventually(lambda: len(notes.told) == 5, "five hooks")
    assert set(notes.short[3:]) == {"on_uplink_up primary", "on_switch secondary>primary"}
    schema = json.loads(shipped_schemas()["hook"].read_text("utf-8"))
    for facts in notes.told:
        jsonschema.validate(facts, schema)
    first, _, failover = notes.told[:3]
    assert first["cause"] == "start"
    assert (failover["cause"], failover["rules"]) == ("failover", ["unplugged"])
    assert failover["previous"]["interface"] == "eth0"
    assert failover["uplink"]["gateway"] == str(lab.uplinks[1].gateway)
    assert failover["uplink"]["addresses"] == [str(lab.uplinks[1].address.ip)]
    assert failover["outage_seconds"] < 60
    assert failover["astray"] == ""
    # The program found the routes as they are after the switch.
    routes = (tmp_path / "note.routes-secondary").read_text()
    assert "dev eth1 metric 20" in routes
    assert "dev eth0 metric 10 " not in routes


def test_after_a_restart_nothing_is_run_that_was_run_before(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    notes = Notes(tmp_path)
    text = policy_text(lab) + notes.hooks(*SWITCHES)
    state = {"STATE_DIRECTORY": str(tmp_path)}
    engine = start(text, **state)
    engine.wait_for_health("primary", "secondary")
    notes.wait_for("on_switch ->primary")
    eventually(lambda: any(tmp_path.glob("*/hooks")), "what was told is kept")
    FAULTS["carrier"].inject(lab, lab.uplinks[0])
    notes.wait_for("on_switch ->primary", "on_uplink_down primary", "on_switch primary>secondary")
    (kept,) = tmp_path.glob("*/hooks")
    eventually(lambda: "eth1" in kept.read_text(), "the failover is kept")
    before = notes.short
    engine.end(signal.SIGKILL)
    again = start(None, **state)
    again.wait_for("decision", cause="restart")
    FAULTS["carrier"].heal(lab, lab.uplinks[0])
    again.wait_for("decision", selected="primary")
    eventually(lambda: len(notes.told) == 5, "fail-back")
    assert set(notes.short[3:]) == {"on_uplink_up primary", "on_switch secondary>primary"}
    assert notes.short[:3] == before


def test_a_hook_that_hangs_holds_up_no_switch(lab: Lab, start: Start, tmp_path: Path) -> None:
    notes = Notes(tmp_path, "trap '' TERM; while :; do sleep 1; done")
    engine = start(policy_text(lab) + notes.hooks("on_switch", keys=", timeout: 10m, attempts: 1"))
    engine.wait_for_health("primary", "secondary")
    notes.wait_for("on_switch ->primary")
    for fault, selected in (("carrier", "secondary"), (None, "primary"), ("carrier", "secondary")):
        if fault is None:
            FAULTS["carrier"].heal(lab, lab.uplinks[0])
        else:
            FAULTS[fault].inject(lab, lab.uplinks[0])
        engine.wait_for("decision", selected=selected)
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20))
    assert notes.short == ["on_switch ->primary"]


def test_a_policy_with_hooks_that_others_may_write_is_refused(
    lab: Lab, start: Start, tmp_path: Path, policy_file: Path
) -> None:
    notes = Notes(tmp_path)
    plain, text = policy_text(lab), policy_text(lab) + notes.hooks("on_switch")
    policy_file.write_text(text)
    policy_file.chmod(0o666)
    done = run_to_its_end(lab, "run", str(policy_file))
    assert done.returncode == 1
    assert "this policy runs programs, but another user can change it" in done.stderr
    policy_file.chmod(0o644)
    engine = start(plain)
    engine.wait_for_health("primary", "secondary")
    policy_file.write_text(text)
    policy_file.chmod(0o666)
    engine.send(signal.SIGHUP)
    engine.wait_for("reload", "the policy is not sound")
    assert notes.told == []


def test_a_dry_run_runs_nothing(lab: Lab, start: Start, tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    engine = start(policy_text(lab) + notes.hooks("on_switch"), "--dry-run")
    engine.wait_for("hook", "would be run now")
    assert notes.told == []
