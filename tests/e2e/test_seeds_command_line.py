import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Engine
from support.tables import wait_for_our_routes, wait_until_taken, whole_table

pytestmark = pytest.mark.kernel


def test_the_seeds_flags_run_two_uplinks_without_a_file(lab: Lab) -> None:
    flags = {
        "--primary-interface": "eth0",
        "--secondary-interface": "eth1",
        "--primary-gateway": "198.51.100.1",
        "--secondary-gateway": "203.0.113.1",
        "--ping-target": "203.0.113.200",
    }
    rules = [lab.run(ROUTER, "ip", flag, "rule") for flag in ("-4", "-6")]
    with Engine(lab, *(word for pair in flags.items() for word in pair)) as engine:
        engine.wait_for(
            "start", "primary (eth0 via 198.51.100.1), secondary (eth1 via 203.0.113.1)"
        )
        engine.wait_for("decision", selected="primary")
        engine.wait_for_health("primary", "secondary")
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
        FAULTS["blackhole"].inject(lab, lab.uplinks[0])
        failed = engine.wait_for("rule", uplink="primary", after="failed")
        assert "3 rounds in a row failed: no answer within 1 s" in failed.message
        decision = engine.wait_for("decision", previous="primary", selected="secondary")
        # Three rounds of a second. A late one does not make those later that follow.
        assert decision.fields["seconds_since_cause"] >= 2.5
        wait_until_taken(lab, "eth1")
        wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20))
    assert [lab.run(ROUTER, "ip", flag, "rule") for flag in ("-4", "-6")] == rules
    elsewhere = [line for line in whole_table(lab).splitlines() if "proto 115" in line]
    assert not [line for line in elsewhere if " table " in line]
