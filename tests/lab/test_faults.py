import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import LabUplink
from route_switcher.lab.faults import FAULTS, flap, stop_flapping
from route_switcher.lab.stream import PacketStream
from route_switcher.lab.topology import Lab
from support.running import eventually as wait_until

pytestmark = pytest.mark.kernel

MANY = 30
"""Tries by which a busy machine surely reaches what can be reached."""

Reaches = Callable[..., bool]
Eventually = Callable[[Callable[[], bool]], bool]


def link(lab: Lab, interface: str) -> Any:
    return json.loads(lab.run("router", "ip", "-j", "address", "show", interface))[0]


def in_order(lab: Lab, reaches: Reaches, uplink: LabUplink, tries: int = MANY) -> bool:
    return all(reaches(uplink, lab.targets(family)[0], tries) for family in Family)


def dead(lab: Lab, reaches: Reaches, uplink: LabUplink) -> bool:
    return not any(reaches(uplink, lab.targets(family)[0]) for family in Family)


@pytest.mark.parametrize("name", ["blackhole", "dead-gateway"])
@pytest.mark.parametrize("number", [0, 1])
def test_a_silent_fault_kills_one_uplink_of_both_families_until_healed(
    lab: Lab, reaches: Reaches, eventually: Eventually, name: str, number: int
) -> None:
    broken, other = lab.uplinks[number], lab.uplinks[1 - number]
    assert in_order(lab, reaches, broken)
    FAULTS[name].inject(lab, broken)
    assert dead(lab, reaches, broken)
    assert in_order(lab, reaches, other)
    assert "LOWER_UP" in link(lab, broken.interface)["flags"]
    FAULTS[name].heal(lab, broken)
    assert eventually(lambda: in_order(lab, reaches, broken))


@pytest.mark.parametrize(("name", "answers"), [("blackhole", True), ("dead-gateway", False)])
@pytest.mark.parametrize("family", Family)
def test_whether_the_gateway_answers(
    lab: Lab, reaches: Reaches, name: str, answers: bool, family: Family
) -> None:
    uplink = lab.uplinks[0]
    FAULTS[name].inject(lab, uplink)
    assert reaches(uplink, uplink.gateway_of(family), MANY if answers else 1) is answers


def test_carrier_takes_the_link_down_and_nothing_else(
    lab: Lab, reaches: Reaches, eventually: Eventually
) -> None:
    broken, other = lab.uplinks
    FAULTS["carrier"].inject(lab, broken)
    assert eventually(lambda: "NO-CARRIER" in link(lab, broken.interface)["flags"])
    assert "UP" in link(lab, broken.interface)["flags"]
    assert "NO-CARRIER" not in link(lab, other.interface)["flags"]
    FAULTS["carrier"].heal(lab, broken)
    assert eventually(lambda: in_order(lab, reaches, broken))


def test_admin_down_loses_routes_and_ipv6_address_and_healing_gives_the_address_back(
    lab: Lab, reaches: Reaches, eventually: Eventually
) -> None:
    uplink = lab.uplinks[0]
    leads = ["default", "via", str(uplink.gateway), "dev", uplink.interface]
    lab.run("router", "ip", "route", "add", *leads)
    FAULTS["admin-down"].inject(lab, uplink)
    assert "UP" not in link(lab, uplink.interface)["flags"]
    assert {entry["family"] for entry in link(lab, uplink.interface)["addr_info"]} == {"inet"}
    FAULTS["admin-down"].heal(lab, uplink)
    assert lab.run("router", "ip", "route", "show", "default") == ""
    assert eventually(lambda: in_order(lab, reaches, uplink))


def test_a_removed_interface_comes_back_with_its_name_addresses_and_sysctls(
    reaches: Reaches, lab: Lab
) -> None:
    uplink = lab.uplinks[1]
    before = link(lab, uplink.interface)
    FAULTS["interface-removed"].inject(lab, uplink)
    assert uplink.interface not in lab.run("router", "ip", "-br", "link")
    FAULTS["interface-removed"].heal(lab, uplink)
    after = link(lab, uplink.interface)
    assert after["ifindex"] != before["ifindex"]
    assert {"203.0.113.10", "2001:db8:2::a"} < {a["local"] for a in after["addr_info"]}
    with lab.inside("router"):
        assert Path(f"/proc/sys/net/ipv4/conf/{uplink.interface}/rp_filter").read_text() == "2\n"
    assert in_order(lab, reaches, uplink)


def test_dead_targets_leave_the_gateway_and_the_other_uplink_alone(
    lab: Lab, reaches: Reaches
) -> None:
    broken, other = lab.uplinks
    FAULTS["targets-dead"].inject(lab, broken)
    for family in Family:
        assert not any(reaches(broken, target) for target in lab.targets(family))
        assert reaches(broken, broken.gateway_of(family), MANY)
    assert in_order(lab, reaches, other)
    FAULTS["targets-dead"].heal(lab, broken)
    assert in_order(lab, reaches, broken)


def test_removed_addresses_take_the_routes_along_and_come_back(
    lab: Lab, reaches: Reaches, eventually: Eventually
) -> None:
    uplink = lab.uplinks[0]
    leads = ["default", "via", str(uplink.gateway), "dev", uplink.interface]
    lab.run("router", "ip", "route", "add", *leads)
    FAULTS["address-removed"].inject(lab, uplink)
    scopes = {entry["scope"] for entry in link(lab, uplink.interface)["addr_info"]}
    assert scopes == {"link"}
    assert lab.run("router", "ip", "route", "show", "default") == ""
    FAULTS["address-removed"].heal(lab, uplink)
    assert eventually(lambda: in_order(lab, reaches, uplink))


def test_route_deleted_takes_the_default_routes_of_one_uplink(lab: Lab) -> None:
    for uplink in lab.uplinks:
        for family in Family:
            gateway, metric = str(uplink.gateway_of(family)), str(uplink.metric)
            leads = ["default", "via", gateway, "dev", uplink.interface, "metric", metric]
            lab.run("router", "ip", "route", "add", *leads)
    FAULTS["route-deleted"].inject(lab, lab.uplinks[0])
    for version in ("-4", "-6"):
        left = json.loads(lab.run("router", "ip", "-j", version, "route", "show", "default"))
        assert [route["dev"] for route in left] == ["eth1"]
    FAULTS["route-deleted"].heal(lab, lab.uplinks[0])


@pytest.mark.parametrize("family", Family)
def test_loss_drops_about_as_many_as_it_says(lab: Lab, family: Family) -> None:
    uplink = lab.uplinks[0]
    gateway = str(uplink.gateway_of(family))
    lab.run("router", "ip", "route", "add", "default", "via", gateway, "dev", uplink.interface)

    def lost() -> float:
        with PacketStream(lab, target=lab.targets(family)[0]) as stream:
            wait_until(lambda: bool(stream.round_trips()), "the stream")
            warm = time.monotonic()
            # Of so many, no other share is lost by chance.
            wait_until(lambda: stream.outage(warm).sent >= 1000, "a thousand packets")
        outage = stream.outage(warm)
        return outage.lost / outage.sent

    FAULTS["loss"].inject(lab, uplink)
    assert 0.2 < lost() < 0.4
    FAULTS["loss"].heal(lab, uplink)
    assert lost() == 0


def test_flapping_comes_and_goes_and_ends_in_order(
    lab: Lab, reaches: Reaches, eventually: Eventually
) -> None:
    uplink = lab.uplinks[0]
    flap(lab, uplink, period=0.8)
    for _ in range(2):
        assert eventually(lambda: dead(lab, reaches, uplink))
        assert eventually(lambda: in_order(lab, reaches, uplink, 1))
    stop_flapping(lab, uplink)
    assert in_order(lab, reaches, uplink)


def test_flapping_ends_with_the_lab() -> None:
    with Lab() as lab:
        FAULTS["flapping"].inject(lab, lab.uplinks[0])
        assert any(thread.name.startswith("flapping") for thread in threading.enumerate())
    assert not any(thread.name.startswith("flapping") for thread in threading.enumerate())


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_come_twice(lab: Lab, name: str) -> None:
    for _ in range(2):
        FAULTS[name].inject(lab, lab.uplinks[0])
        FAULTS[name].heal(lab, lab.uplinks[0])


def test_every_fault_is_described() -> None:
    assert all(fault.description for fault in FAULTS.values())
