"""What becomes of the routes when the engine is asked to end, with `on_exit: restore`."""

import signal
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Engine, Start
from support.tables import (
    our_routes,
    route_taken,
    rules,
    wait_for_our_routes,
    wait_until_taken,
    whole_table,
)
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel

THEIRS = "default via 203.0.113.1 metric 5000 proto dhcp"
RESTORE = "on_exit: restore\n"


def ended(engine: Engine, number: signal.Signals = signal.SIGTERM) -> list[str]:
    """What it says while it ends, by `restore` and `stop`."""
    assert engine.end(number) == 0
    return [r.message for r in engine.records if r.event in ("restore", "stop")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("table", ["main", "own"])
@pytest.mark.parametrize("lab", [{"routes": (THEIRS,)}], indirect=True)
def test_where_a_foreign_default_remains_ours_go(
    lab: Lab, start: Start, table: str, number: signal.Signals
) -> None:
    before = whole_table(lab), rules(lab)
    engine = start(f"{policy_text(lab)}routes: {{table: {table}}}\n{RESTORE}")
    engine.wait_for_health("primary", "secondary")
    wait_until_taken(lab, "eth0")
    *removed, way, last = ended(engine, number)
    assert all(line.startswith("removed: ") for line in removed)
    of_rules = [" rule " in line for line in removed]
    assert of_rules == sorted(of_rules, reverse=True)
    assert any(of_rules) is (table == "own")
    assert way == "IPv4: traffic now leaves by eth1 via 203.0.113.1 (dhcp route, metric 5000)"
    assert last == f"stopped by {number.name}; our routes are removed"
    assert (whole_table(lab), rules(lab)) == before


@pytest.mark.parametrize("lab", [{"routes": (THEIRS,)}], indirect=True)
def test_each_family_is_judged_alone(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab, DUAL_STACK) + RESTORE)
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    wait_until_taken(lab, "eth0", Family.IPV6)
    said = ended(engine)
    stays = "our routes stay: there is no default route of anybody else in the main table"
    assert said[0] == f"IPv6: {stays}"
    assert said[-1] == "stopped by SIGTERM; our routes of IPv6 stay as they are"
    assert our_routes(lab) == set()
    assert our_routes(lab, Family.IPV6) == {("eth0", 10), ("eth1", 20)}


@pytest.mark.parametrize("lab", [{"routes": (THEIRS,)}], indirect=True)
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("blackhole", "leads through secondary, which is failed"),
        ("carrier", "leads nowhere: eth1 has no carrier"),
    ],
)
def test_a_foreign_default_by_a_dead_line_does_not_count(
    lab: Lab, start: Start, fault: str, why: str
) -> None:
    engine = start(policy_text(lab) + RESTORE)
    engine.wait_for_health("primary", "secondary")
    wait_until_taken(lab, "eth0")
    FAULTS[fault].inject(lab, lab.uplinks[1])
    engine.wait_for("rule", "-> failed", uplink="secondary")
    stays, last = ended(engine)
    assert stays.startswith("IPv4: our routes stay: the other default route in the main table (")
    assert stays.endswith(why)
    assert last == "stopped by SIGTERM; the routes stay as they are"
    assert route_taken(lab) == "eth0"


@pytest.mark.parametrize("lab", [{"routes": ("unreachable default metric 5000",)}], indirect=True)
def test_a_foreign_default_that_stops_packets_does_not_count(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab) + RESTORE)
    wait_until_taken(lab, "eth0")
    stays, _ = ended(engine)
    assert stays.endswith("leads nowhere")
    assert route_taken(lab) == "eth0"


@pytest.mark.parametrize("lab", [{"routes": (THEIRS,)}], indirect=True)
def test_a_kill_takes_nothing(lab: Lab, start: Start) -> None:
    engine = start(policy_text(lab) + RESTORE)
    engine.wait_for_health("primary", "secondary")
    wait_until_taken(lab, "eth0")
    before = whole_table(lab)
    engine.end(signal.SIGKILL)
    assert whole_table(lab) == before


@pytest.mark.parametrize("lab", [{"routes": (THEIRS,)}], indirect=True)
def test_a_reload_may_change_what_becomes_of_them(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = start(policy_text(lab) + RESTORE)
    engine.wait_for_health("primary", "secondary")
    policy_file.write_text(policy_text(lab, metrics=(11, 21)))
    engine.send(signal.SIGHUP)
    wait_for_our_routes(lab, ("eth0", 11), ("eth1", 21))
    assert ended(engine) == ["stopped by SIGTERM; the routes stay as they are"]
    assert our_routes(lab) == {("eth0", 11), ("eth1", 21)}
