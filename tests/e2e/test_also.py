"""`routes: {also: …}` on the real kernel, in main and in a table of our own."""

import json
import signal
from functools import partial
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import LAN, LAN_CLIENT, LAN_CLIENT_V6, LAN_V6, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.namespaces import LabError
from route_switcher.lab.topology import Lab
from support.running import Start, eventually, run_to_its_end
from support.tables import whole_table
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel

BLACKHOLE = FAULTS["blackhole"]
PREFIXES = {Family.IPV4: "198.18.0.0/15", Family.IPV6: "2001:db8:f00::/48"}
INSIDE = {Family.IPV4: "198.19.0.1", Family.IPV6: "2001:db8:f00::1"}
NAMES = ("primary", "secondary", "primary-v6", "secondary-v6")


def also(lab: Lab, table: str) -> str:
    where = (
        f"routes: {{table: {table}, also: ['{PREFIXES[Family.IPV4]}', '{PREFIXES[Family.IPV6]}']}}"
    )
    return f"{policy_text(lab, DUAL_STACK)}{where}\n"


def ours(lab: Lab, family: Family, table: str, prefix: str) -> set[tuple[str, int]]:
    """Interface and metric of each route of ours to a prefix."""
    number = {"main": "254", "own": "115"}.get(table, table)
    words = ["ip", "-j", f"-{family.value}", "route", "show", "exact", prefix, "table", number]
    try:
        shown = lab.run(ROUTER, *words, "proto", "115")
    except LabError:
        return set()
    return {(route["dev"], route["metric"]) for route in json.loads(shown)}


def by(lab: Lab, family: Family) -> str | None:
    """The interface by which an address inside the prefix would be reached."""
    words = ["ip", "-j", f"-{family.value}", "route", "get", INSIDE[family]]
    (way,) = json.loads(lab.run(ROUTER, *words))
    return str(way["dev"])


def stand(lab: Lab, table: str, *keys: tuple[str, int]) -> bool:
    return all(ours(lab, f, table, PREFIXES[f]) == set(keys) for f in Family)


def stands(lab: Lab, table: str, *keys: tuple[str, int]) -> None:
    eventually(partial(stand, lab, table, *keys), f"routes to the prefixes: {keys}")


@pytest.mark.parametrize("table", ["main", "own"])
def test_prefixes_move_with_the_default_route(
    lab: Lab, start: Start, policy_file: Path, table: str
) -> None:
    engine = start(also(lab, table))
    engine.wait_for_health(*NAMES)
    stands(lab, table, ("eth0", 10), ("eth1", 20))
    BLACKHOLE.inject(lab, lab.uplinks[0])
    stands(lab, table, ("eth0", 1010), ("eth1", 20))
    assert [by(lab, family) for family in Family] == ["eth1", "eth1"]
    if table == "own":
        assert ours(lab, Family.IPV4, "116", PREFIXES[Family.IPV4]) == {("eth0", 10)}
    BLACKHOLE.heal(lab, lab.uplinks[0])
    stands(lab, table, ("eth0", 10), ("eth1", 20))
    words = "route del 198.18.0.0/15 dev eth0 proto 115 metric 10 table"
    lab.run(ROUTER, "ip", *words.split(), {"main": "main", "own": "115"}[table])
    engine.wait_for("gone", "198.18.0.0/15")
    stands(lab, table, ("eth0", 10), ("eth1", 20))
    before = whole_table(lab)
    engine.end(signal.SIGKILL)
    engine = start(None)
    engine.wait_for("decision", cause="restart")
    engine.wait_for_health(*NAMES)
    assert whole_table(lab) == before
    policy_file.write_text(policy_text(lab, DUAL_STACK) + f"routes: {{table: {table}}}\n")
    engine.send(signal.SIGHUP)
    eventually(lambda: "198.18.0.0/15" not in whole_table(lab), "no route to the prefix")
    stands(lab, table)


@pytest.mark.parametrize("table", ["main", "own"])
def test_cleanup_takes_them_back(lab: Lab, start: Start, table: str) -> None:
    before = whole_table(lab)
    engine = start(also(lab, table))
    engine.wait_for_health(*NAMES)
    stands(lab, table, ("eth0", 10), ("eth1", 20))
    engine.end(signal.SIGTERM)
    done = run_to_its_end(lab, "cleanup")
    assert done.returncode == 0
    assert "removed: 198.18.0.0/15 via 198.51.100.1 dev eth0" in done.stdout
    assert whole_table(lab) == before


def test_a_foreign_route_to_a_prefix_is_told_with_its_remedy(lab: Lab, start: Start) -> None:
    engine = start(also(lab, "main"))
    engine.wait_for_health(*NAMES)
    stands(lab, "main", ("eth0", 10), ("eth1", 20))
    lab.run(ROUTER, "ip", "route", "add", "198.18.0.0/15", "via", "203.0.113.1", "metric", "5")
    said = engine.wait_for("notice", "traffic to 198.18.0.0/15 takes it").message
    lab.run(ROUTER, *said.partition("or with: ")[2].split())
    engine.wait_for("notice", "foreign route out of the way: 198.18.0.0/15")


def test_a_prefix_that_is_the_network_of_the_lan_leaves_its_hosts_reachable(
    lab: Lab, start: Start
) -> None:
    where = f"routes: {{table: main, also: ['{LAN}', '{LAN_V6}']}}\n"
    engine = start(policy_text(lab, DUAL_STACK) + where)
    engine.wait_for("notice", f"{LAN} is a network of lan0", since=0)
    engine.wait_for("notice", f"{LAN_V6} is a network of lan0", since=0)
    engine.wait_for_health(*NAMES)
    for host in (LAN_CLIENT, LAN_CLIENT_V6):
        lab.run(ROUTER, "ping", "-c", "1", "-w", "60", str(host.ip))
    assert f"{LAN_V6} via" not in whole_table(lab)


def test_a_target_inside_a_prefix_is_asked_as_any_other(lab: Lab, start: Start) -> None:
    """No way is taken for a wrong one, in either table, before and after a move."""
    target = lab.targets(Family.IPV4)[0]
    prefix = f"{target}/32"
    for table in ("own", "main"):
        engine = start(f"{policy_text(lab)}routes: {{table: {table}, also: [{prefix}]}}\n")
        engine.wait_for_health("primary", "secondary")
        BLACKHOLE.inject(lab, lab.uplinks[0])
        engine.wait_for("decision", selected="secondary")
        engine.wait_for("notice", "the kernel sends the traffic through secondary")
        BLACKHOLE.heal(lab, lab.uplinks[0])
        engine.wait_for_health("primary")
        wrong = [r.message for r in engine.said("notice") if r.level == "warning"]
        assert wrong == []
        engine.end(signal.SIGTERM)
        assert run_to_its_end(lab, "cleanup").returncode == 0
