"""`when_all_down: unreachable` on the real kernel: what this machine and the LAN see."""

import signal
from functools import partial
from pathlib import Path

import pytest

from e2e.test_beside_a_vpn import WG_QUICK, bring_up, tunnel, wait_until_it_comes_out
from route_switcher.core.routing.dead_ends_of_ours import LAST_METRIC
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CLIENT, LAN_INTERFACE, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.refused_senders import REFUSED, error_at
from support.running import Engine, Start, eventually, run_to_its_end
from support.tables import forwarded_by, route_taken, rules, wait_until_led, whole_table
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel

BLACKHOLE = FAULTS["blackhole"]
REFUSE = "routes: {table: own, when_all_down: unreachable}\n"
FOREIGN = {
    "routes": (
        "default via 198.51.100.1 metric 500 proto dhcp",
        "default via 2001:db8:1::1 metric 500",
    )
}
"""What the traffic must not take."""
NAMES = ("primary", "secondary", "primary-v6", "secondary-v6")


def dead_ends(lab: Lab, family: Family) -> set[int]:
    """The metrics of the unreachable routes in our table."""
    words = ["ip", f"-{family.value}", "route", "show", "table", "115", "type", "unreachable"]
    shown = lab.run(ROUTER, *words).splitlines()
    return {int(line.split("metric ")[1].split()[0]) for line in shown}


def refused(lab: Lab, family: Family) -> bool:
    return dead_ends(lab, family) == {1, LAST_METRIC}


def nothing_stops(lab: Lab, family: Family) -> bool:
    return not dead_ends(lab, family)


def all_cut(lab: Lab, start: Start) -> Engine:
    """An engine that has just come to refuse the traffic of both families."""
    engine = start(policy_text(lab, DUAL_STACK) + REFUSE)
    engine.wait_for_health(*NAMES)
    for family in Family:
        wait_until_led(lab, family)
        eventually(partial(route_taken_is, lab, family, "eth0"), f"{family} traffic")
        assert dead_ends(lab, family) == {LAST_METRIC}
    since = engine.now
    for uplink in lab.uplinks:
        BLACKHOLE.inject(lab, uplink)
    for family in Family:
        eventually(partial(refused, lab, family), f"{family} traffic is refused")

    def said() -> bool:
        told = " ".join(record.message for record in engine.said("routes", since))
        return told.count("no uplink answers: traffic is refused") == len(Family)

    eventually(said, "all that belongs to it is done")
    return engine


def route_taken_is(lab: Lab, family: Family, interface: str | None) -> bool:
    return route_taken(lab, family) == interface


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_while_none_answers_senders_get_an_error_at_once(lab: Lab, start: Start) -> None:
    engine = all_cut(lab, start)
    for family in Family:
        assert error_at(lab, ROUTER, family) in REFUSED
        assert error_at(lab, CLIENT, family) in REFUSED
        assert forwarded_by(lab, family) is None
    assert [r for r in engine.said("notice") if "goes nowhere" in r.message] == []
    BLACKHOLE.heal(lab, lab.uplinks[1])
    for family in Family:
        eventually(partial(route_taken_is, lab, family, "eth1"), f"{family} traffic by eth1")
        assert dead_ends(lab, family) == {LAST_METRIC}
        for sender in (ROUTER, CLIENT):
            lab.run(sender, "ping", "-c", "1", "-W", "5", str(lab.targets(family)[0]))


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_killed_while_all_are_down_it_leaves_all_refused_and_goes_on_so(
    lab: Lab, start: Start
) -> None:
    all_cut(lab, start).end(signal.SIGKILL)
    before = whole_table(lab), rules(lab)
    assert error_at(lab, CLIENT, Family.IPV4) in REFUSED
    engine = start(None)
    engine.wait_for("notice", "traffic is refused, as before the start")
    engine.wait_for("rule", "-> failed", uplink="secondary-v6")
    assert all(refused(lab, family) for family in Family)
    eventually(lambda: (whole_table(lab), rules(lab)) == before, "all is as it was")
    assert error_at(lab, CLIENT, Family.IPV4) in REFUSED
    BLACKHOLE.heal(lab, lab.uplinks[0])
    for family in Family:
        eventually(partial(route_taken_is, lab, family, "eth0"), f"{family} traffic by eth0")
    assert engine.end(signal.SIGTERM) == 0
    done = run_to_its_end(lab, "cleanup")
    assert done.returncode == 0
    assert f"removed: unreachable default table 115 metric {LAST_METRIC}" in done.stdout
    assert "proto 115" not in whole_table(lab)
    assert route_taken(lab) == "eth0"


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_without_an_engine_and_without_a_line_nothing_takes_another_way(
    lab: Lab, start: Start
) -> None:
    """The kernel takes the routes of an interface that goes; the last dead end has none."""
    engine = start(policy_text(lab) + REFUSE)
    engine.wait_for_health("primary", "secondary")
    wait_until_led(lab)
    eventually(partial(route_taken_is, lab, Family.IPV4, "eth0"), "traffic by eth0")
    engine.end(signal.SIGKILL)
    for uplink in lab.uplinks:
        lab.run(ROUTER, "ip", "link", "set", uplink.interface, "down")
    lab.run(ROUTER, "ip", "route", "add", "default", "dev", LAN_INTERFACE)
    assert error_at(lab, ROUTER, Family.IPV4) in REFUSED
    assert error_at(lab, CLIENT, Family.IPV4) in REFUSED


def test_a_vpn_keeps_its_traffic_while_all_else_is_refused(lab: Lab, start: Start) -> None:
    with tunnel(lab) as end:
        bring_up(lab, WG_QUICK)
        engine = start(policy_text(lab) + REFUSE)
        engine.wait_for_health("primary", "secondary")
        for uplink in lab.uplinks:
            BLACKHOLE.inject(lab, uplink)
        engine.wait_for("notice", "traffic is refused")
        for sender in (ROUTER, CLIENT):
            wait_until_it_comes_out(lab, end, sender, Family.IPV4)


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_a_reload_that_says_stay_lets_traffic_through(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    engine = all_cut(lab, start)
    policy_file.write_text(policy_text(lab, DUAL_STACK) + "routes: {table: own}\n")
    engine.send(signal.SIGHUP)
    for family in Family:
        eventually(partial(nothing_stops, lab, family), "no dead end")


def test_status_and_why_say_that_traffic_is_refused(lab: Lab, start: Start) -> None:
    all_cut(lab, start)
    status = run_to_its_end(lab, "status")
    assert "REFUSING: no uplink answers" in status.stdout
    why = run_to_its_end(lab, "why")
    said = " ".join(why.stdout.split())
    assert "No uplink answers, so the kernel refuses all traffic of this family" in said


def test_prefixes_that_move_with_the_default_are_refused_too(lab: Lab, start: Start) -> None:
    """They are more specific than the route that refuses all."""
    also = ", ".join(f"'{lab.targets(family)[0]}'" for family in Family)
    where = f"routes: {{table: own, when_all_down: unreachable, also: [{also}]}}\n"
    engine = start(policy_text(lab, DUAL_STACK) + where)
    engine.wait_for_health(*NAMES)
    for uplink in lab.uplinks:
        BLACKHOLE.inject(lab, uplink)
    for family in Family:
        eventually(partial(route_taken_is, lab, family, None), f"{family} traffic is refused")
        assert error_at(lab, ROUTER, family) in REFUSED
        assert error_at(lab, CLIENT, family) in REFUSED
    BLACKHOLE.heal(lab, lab.uplinks[1])
    for family in Family:
        eventually(partial(route_taken_is, lab, family, "eth1"), f"{family} traffic by eth1")
