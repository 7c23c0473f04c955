import signal
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Engine, Start, run_to_its_end
from support.tables import Recorder, wait_for_our_routes, wait_until_taken, whole_table
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel


def reload(engine: Engine, file: Path, text: str) -> None:
    file.write_text(text)
    engine.send(signal.SIGHUP)


def test_a_swapped_preference_moves_the_traffic_at_once(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab, DUAL_STACK, stable="1h"))
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    with Recorder(lab) as recorder:
        reload(engine, policy_file, policy_text(lab, DUAL_STACK, order=(1, 0), stable="1h"))
        read = engine.wait_for("reload", "the policy was read again, and is now in force").number
        for name in ("secondary", "secondary-v6"):
            engine.wait_for("decision", since=read, selected=name, cause="reload")
        for family in Family:
            wait_until_taken(lab, "eth1", family)
            wait_for_our_routes(lab, ("eth1", 10), ("eth0", 20), family=family)
            assert recorder.best_interfaces(family) == ["eth0", "eth1"]


def test_a_changed_metric_moves_routes_and_no_traffic(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab, DUAL_STACK))
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    with Recorder(lab) as recorder:
        reload(engine, policy_file, policy_text(lab, DUAL_STACK, metrics=(5, 20)))
        for family in Family:
            wait_for_our_routes(lab, ("eth0", 5), ("eth1", 20), family=family)
            assert recorder.best_interfaces(family) == ["eth0"]
    assert engine.said("decision", cause="reload") == []


@pytest.mark.parametrize("lab", [{"uplinks": 3}], indirect=True)
def test_a_removed_active_uplink_is_left_before_its_route_goes(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary", "tertiary")
    with Recorder(lab) as recorder:
        without_primary = policy_text(lab, order=(1, 2), metrics=(20, 30))
        reload(engine, policy_file, without_primary)
        engine.wait_for("decision", previous="primary", selected="secondary", cause="removed")
        wait_for_our_routes(lab, ("eth1", 20), ("eth2", 30))
        reload(engine, policy_file, policy_text(lab))
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), ("eth2", 30))
        assert recorder.best_interfaces() == ["eth0", "eth1", "eth0"]


def test_a_reload_while_failed_over_moves_nothing_back(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="secondary")
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20))
    with Recorder(lab) as recorder:
        reload(engine, policy_file, policy_text(lab, stable="200ms", failures=4))
        engine.wait_for("reload")
        FAULTS["blackhole"].heal(lab, lab.uplinks[0])
        engine.wait_for("decision", previous="secondary", selected="primary", cause="preference")
        wait_until_taken(lab, "eth0")
        assert recorder.best_interfaces() == ["eth1", "eth0"]


@pytest.mark.parametrize("trouble", ["misspelt", "not YAML", "missing"])
def test_a_bad_policy_is_reported_and_the_running_one_stays_and_works(
    lab: Lab, start: Start, policy_file: Path, trouble: str
) -> None:
    good = policy_text(lab)
    engine = start(good)
    engine.wait_for_health("primary", "secondary")
    before = whole_table(lab)
    match trouble:
        case "misspelt":
            policy_file.write_text(good.replace("metric: 20", "metrik: 20"))
        case "not YAML":
            policy_file.write_text("uplinks: {primary")
        case "missing":
            policy_file.unlink()
    words = run_to_its_end(lab, "validate", str(policy_file)).stdout.splitlines()[:-1]
    engine.send(signal.SIGHUP)
    stays = engine.wait_for("reload", "the running one stays")
    assert stays.level == "error"
    assert [record.message for record in engine.said("policy")] == words
    assert words[0].startswith(f"{policy_file}:")
    if trouble == "misspelt":
        assert words[0].startswith(f"{policy_file}:4:")
    assert whole_table(lab) == before
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", previous="primary", selected="secondary", cause="failover")
    wait_until_taken(lab, "eth1")
    reload(engine, policy_file, good)
    engine.wait_for("reload", "the policy was read again, and is now in force")


@pytest.mark.parametrize("swapped", [False, True])
def test_new_names_for_the_same_lines_move_nothing(
    lab: Lab, start: Start, policy_file: Path, swapped: bool
) -> None:
    text = policy_text(lab, DUAL_STACK, stable="1h")
    names = {"primary": "fibre", "secondary": "lte"}
    if swapped:
        names = {"primary": "secondary", "secondary": "primary"}
    engine = start(text)
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    new = text.replace("  primary", "  x").replace("  secondary", f"  {names['secondary']}")
    new = new.replace("  x", f"  {names['primary']}")
    since = engine.now
    reload(engine, policy_file, new)
    engine.wait_for("notice", f"primary is called {names['primary']} now")
    engine.wait_for("notice", f"secondary-v6 is called {names['secondary']}-v6 now")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", previous=names["primary"], selected=names["secondary"])
    moved = [d.fields["selected"] for d in engine.said("decision", since=since)]
    assert set(moved) <= {names["secondary"], f"{names['secondary']}-v6"}


def test_another_name_of_the_interface_moves_nothing(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    for interface in ("eth0", "eth1"):
        words = ["link", "property", "add", "dev", interface, "altname", f"wan-{interface}"]
        lab.run(ROUTER, "ip", *words)
    text = policy_text(lab, DUAL_STACK, stable="1h")
    engine = start(text)
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    since, before = engine.now, whole_table(lab)
    reload(engine, policy_file, text.replace("interface: eth", "interface: wan-eth"))
    engine.wait_for("reload", "the policy was read again, and is now in force")
    FAULTS["blackhole"].inject(lab, lab.uplinks[1])
    for name in ("secondary", "secondary-v6"):
        engine.wait_for("rule", since=since, uplink=name, after="failed")
    for event in ("decision", "gone"):
        assert engine.said(event, since=since) == []
    assert "dev eth0 proto 115 metric 10 " in before
    for family in Family:
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 1020), family=family)
