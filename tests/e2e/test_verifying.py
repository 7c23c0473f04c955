"""After a switch the targets are asked by the default route, bound to no interface."""

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Engine, Start
from support.tables import wait_for_our_routes
from support.written_policy_files import name_of, policy_text

pytestmark = pytest.mark.kernel


def started(lab: Lab, start: Start, family: Family, *words: str) -> Engine:
    engine = start(policy_text(lab, (family,)), *words)
    engine.wait_for_health(*(name_of(uplink, family) for uplink in lab.uplinks))
    return engine


def away_and_back(lab: Lab, engine: Engine, family: Family) -> None:
    """The primary loses its link, and the traffic returns to it."""
    primary, secondary = (name_of(uplink, family) for uplink in lab.uplinks)
    FAULTS["carrier"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected=secondary, cause="failover")
    FAULTS["carrier"].heal(lab, lab.uplinks[0])
    engine.wait_for("decision", selected=primary, cause="preference")


def break_all_but_probes(lab: Lab) -> None:
    """What leaves through the primary without being bound to it has another address (RFC 6724,
    section 5, rule 3), which its provider does not let through. Probes keep to their own."""
    primary = lab.uplinks[0]
    words = ["address", "change", str(primary.address_v6), "dev", primary.interface]
    lab.run(ROUTER, "ip", "-6", *words, "preferred_lft", "0")
    rules = f"""
table ip6 own_sources {{
  chain forward {{
    type filter hook forward priority filter;
    iifname "{CUSTOMER_PORT}" ip6 saddr != {primary.address_v6.network} drop
  }}
}}
"""
    lab.run(primary.name, "nft", "-f", "-", given=rules)


def test_a_way_back_on_which_traffic_gets_no_answers_is_undone(lab: Lab, start: Start) -> None:
    break_all_but_probes(lab)
    engine = started(lab, start, Family.IPV6)
    away_and_back(lab, engine, Family.IPV6)
    primary, secondary = (name_of(uplink, Family.IPV6) for uplink in lab.uplinks)
    engine.wait_for("decision", previous=primary, selected=secondary, cause="undone")
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20), family=Family.IPV6)
    (told,) = (r for r in engine.said("notice") if "The switch is undone" in r.message)
    assert "no answer within" in told.message


def test_a_way_back_on_which_traffic_gets_answers_stays(lab: Lab, start: Start) -> None:
    engine = started(lab, start, Family.IPV4, "--log-level", "debug")
    away_and_back(lab, engine, Family.IPV4)
    engine.wait_for("verify", uplink="primary")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    assert engine.said("decision", cause="undone") == []
    assert not any("by the default route" in record.message for record in engine.said("notice"))
