import re
from collections.abc import Sequence

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Engine, Start
from support.tables import Recorder, wait_for_our_routes, wait_until_taken
from support.written_policy_files import DUAL_STACK, FAILURES, PATIENT, name_of, policy_text

pytestmark = pytest.mark.kernel

V4, V6 = (Family.IPV4,), (Family.IPV6,)


def names(lab: Lab, families: Sequence[Family]) -> list[str]:
    return [name_of(uplink, family) for family in families for uplink in lab.uplinks]


def started(
    lab: Lab, start: Start, families: Sequence[Family] = V4, failures: int = FAILURES
) -> Engine:
    engine = start(policy_text(lab, families, failures=failures))
    engine.wait_for_health(*names(lab, families))
    for family in families:
        keys = zip(("eth0", "eth1", "eth2"), (10, 20, 30), strict=True)
        wait_for_our_routes(lab, *list(keys)[: len(lab.uplinks)], family=family)
    return engine


@pytest.mark.parametrize(
    ("fault", "families"),
    [
        ("blackhole", V4),
        ("blackhole", V6),
        ("blackhole", DUAL_STACK),
        ("carrier", V4),
        ("carrier", V6),
        ("dead-gateway", DUAL_STACK),
    ],
)
def test_traffic_fails_over_and_back_and_is_never_without_a_default_route(
    lab: Lab, start: Start, fault: str, families: Sequence[Family]
) -> None:
    # The kernel may tell of a lost carrier a second late.
    failures = PATIENT if fault == "carrier" else FAILURES
    engine = started(lab, start, families, failures)
    primary, secondary = lab.uplinks
    with Recorder(lab) as recorder:
        broken = engine.now
        FAULTS[fault].inject(lab, primary)
        for family in families:
            moved = {"previous": name_of(primary, family), "selected": name_of(secondary, family)}
            decision = engine.wait_for("decision", since=broken, family=str(family), **moved)
            assert decision.fields["cause"] == "failover"
            assert ("unplugged" if fault == "carrier" else "no-internet") in decision.fields[
                "rules"
            ]
        for family in families:
            wait_until_taken(lab, "eth1", family)
            wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20), family=family)
        healed = engine.now
        FAULTS[fault].heal(lab, primary)
        for family in families:
            moved = {"previous": name_of(secondary, family), "selected": name_of(primary, family)}
            decision = engine.wait_for("decision", since=healed, family=str(family), **moved)
            assert decision.fields["cause"] == "preference"
        for family in families:
            wait_until_taken(lab, "eth0", family)
            wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), family=family)
            assert recorder.best_interfaces(family) == ["eth0", "eth1", "eth0"]


def test_the_families_fail_over_apart(lab: Lab, start: Start) -> None:
    engine = started(lab, start, DUAL_STACK)
    lab.run("primary", "ip", "-6", "route", "add", "blackhole", "default", "metric", "1")
    engine.wait_for("decision", previous="primary-v6", selected="secondary-v6")
    wait_until_taken(lab, "eth1", Family.IPV6)
    wait_until_taken(lab, "eth0", Family.IPV4)
    lab.run("primary", "ip", "-6", "route", "del", "blackhole", "default", "metric", "1")
    engine.wait_for("decision", previous="secondary-v6", selected="primary-v6")
    assert len(engine.said("decision", family="IPv4")) == 1


@pytest.mark.parametrize("lab", [{"uplinks": 3}], indirect=True)
def test_three_uplinks_are_used_in_their_order_without_a_detour(lab: Lab, start: Start) -> None:
    engine = started(lab, start)
    first, second, _ = lab.uplinks
    blackhole = FAULTS["blackhole"]
    with Recorder(lab) as recorder:
        blackhole.inject(lab, first)
        engine.wait_for("decision", previous="primary", selected="secondary")
        wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20), ("eth2", 30))
        blackhole.inject(lab, second)
        engine.wait_for("decision", previous="secondary", selected="tertiary")
        wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 1020), ("eth2", 30))
        blackhole.heal(lab, first)
        engine.wait_for("decision", previous="tertiary", selected="primary")
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 1020), ("eth2", 30))
        blackhole.heal(lab, second)
        engine.wait_for_health("secondary")
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), ("eth2", 30))
        assert recorder.best_interfaces() == ["eth0", "eth1", "eth2", "eth0"]


@pytest.mark.parametrize("fault", ["blackhole", "carrier"])
def test_trouble_of_a_standby_uplink_moves_its_own_route_only(
    lab: Lab, start: Start, fault: str
) -> None:
    engine = started(lab, start)
    secondary = lab.uplinks[1]
    with Recorder(lab) as recorder:
        FAULTS[fault].inject(lab, secondary)
        engine.wait_for("rule", uplink="secondary", after="failed")
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 1020))
        FAULTS[fault].heal(lab, secondary)
        engine.wait_for_health("secondary")
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
        assert {message.key[0] for message in recorder.messages()} == {"eth1"}
        assert recorder.best_interfaces() == ["eth0"]
    assert len(engine.said("decision")) == 1


def test_a_decision_says_what_why_and_since_when(lab: Lab, start: Start) -> None:
    engine = started(lab, start)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    decision = engine.wait_for("decision", selected="secondary")
    assert decision.level == "warning"
    assert "secondary selected instead of primary" in decision.message
    found = re.search(r"(\d+) rounds in a row failed: no answer within 0.05 s", decision.message)
    assert found, decision.message
    assert int(found[1]) >= FAILURES  # more, if the other one had lost a round just then
    assert decision.fields["seconds_since_cause"] >= (FAILURES - 1) * 0.05
    routes = engine.wait_for("routes")
    assert [action.partition("  # ")[0] for action in routes.fields["actions"]] == [
        "add default via 198.51.100.1 dev eth0 metric 1010",
        "delete default via 198.51.100.1 dev eth0 metric 10",
    ]
