import json

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER, LabUplink
from route_switcher.lab.faults import FAULTS, Fault
from route_switcher.lab.topology import Lab
from support.running import Start
from support.tables import wait_for_our_routes, wait_until_taken
from support.written_policy_files import DUAL_STACK, policy_text

pytestmark = pytest.mark.kernel


def remove_addresses(lab: Lab, uplink: LabUplink) -> None:
    for address in (uplink.address, uplink.address_v6):
        lab.run(ROUTER, "ip", "address", "del", str(address), "dev", uplink.interface)


def add_addresses(lab: Lab, uplink: LabUplink) -> None:
    for address in (uplink.address, uplink.address_v6):
        lab.run(ROUTER, "ip", "address", "add", str(address), "dev", uplink.interface)


ADDRESSES = Fault(remove_addresses, add_addresses, "somebody removes the last addresses")
CASES = {
    "interface-removed": FAULTS["interface-removed"],
    "admin-down": FAULTS["admin-down"],
    "addresses-removed": ADDRESSES,
}


@pytest.mark.parametrize("uplink", ["primary", "secondary"])
def test_an_uplink_that_fails_without_an_address_says_so(
    lab: Lab, start: Start, uplink: str
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    (broken,) = (line for line in lab.uplinks if line.name == uplink)
    remove_addresses(lab, broken)
    reason = f"{broken.interface} has no IPv4 address"
    engine.wait_for("rule", reason, uplink=uplink, after="failed")


def index_of(lab: Lab, interface: str) -> int:
    return int(json.loads(lab.run(ROUTER, "ip", "-j", "link", "show", interface))[0]["ifindex"])


@pytest.mark.parametrize("case", CASES)
def test_an_interface_that_loses_what_it_needs_and_gets_it_back_is_left_and_used_again(
    lab: Lab, start: Start, case: str
) -> None:
    primary = lab.uplinks[0]
    engine = start(policy_text(lab, DUAL_STACK))
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    broken, index = engine.now, index_of(lab, "eth0")
    CASES[case].inject(lab, primary)
    for name in ("primary", "primary-v6"):
        engine.wait_for("decision", since=broken, previous=name, cause="failover")
    for family in Family:
        wait_until_taken(lab, "eth1", family)
    gone = engine.wait_for("gone", "default via 198.51.100.1 dev eth0", since=broken)
    assert "taken away by the kernel, with its interface or address" in gone.message
    healed = engine.now
    CASES[case].heal(lab, primary)
    for name in ("primary", "primary-v6"):
        engine.wait_for("decision", since=healed, selected=name, cause="preference")
    for family in Family:
        wait_until_taken(lab, "eth0", family)
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), family=family)
    assert (index_of(lab, "eth0") != index) == (case == "interface-removed")


@pytest.mark.parametrize("case", CASES)
def test_a_standby_interface_may_go_and_come_without_a_move(
    lab: Lab, start: Start, case: str
) -> None:
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    CASES[case].inject(lab, lab.uplinks[1])
    engine.wait_for("rule", uplink="secondary", after="failed")
    wait_for_our_routes(lab, ("eth0", 10))
    CASES[case].heal(lab, lab.uplinks[1])
    engine.wait_for_health("secondary")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    assert len(engine.said("decision")) == 1


@pytest.mark.parametrize("case", CASES)
def test_an_interface_that_is_missing_at_the_start_may_come_later(
    lab: Lab, start: Start, case: str
) -> None:
    CASES[case].inject(lab, lab.uplinks[0])
    engine = start(policy_text(lab))
    engine.wait_for("decision", previous=None, selected="secondary")
    wait_until_taken(lab, "eth1")
    CASES[case].heal(lab, lab.uplinks[0])
    engine.wait_for("decision", previous="secondary", selected="primary", cause="preference")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_with_every_interface_missing_the_first_that_comes_is_used(
    lab: Lab, start: Start, order: tuple[int, int]
) -> None:
    removed = FAULTS["interface-removed"]
    for uplink in lab.uplinks:
        removed.inject(lab, uplink)
    engine = start(policy_text(lab))
    for name in ("primary", "secondary"):
        engine.wait_for("rule", "is missing", since=0, uplink=name, after="failed")
    for number in order:
        removed.heal(lab, lab.uplinks[number])
        wait_until_taken(lab, lab.uplinks[min(number, order[0])].interface)
    engine.wait_for("decision", since=0, selected="primary")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))


def test_what_changes_faster_than_the_engine_can_look_ends_well(lab: Lab, start: Start) -> None:
    primary = lab.uplinks[0]
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    lines = (
        "link set eth0 down",
        "link set eth0 up",
        f"address del {primary.address} dev eth0",
        f"address add {primary.address} dev eth0",
    )
    lab.run(ROUTER, "ip", "-batch", "-", given="\n".join(5 * lines) + "\n")
    engine.wait_for_health("primary", "secondary")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    wait_until_taken(lab, "eth0")


def change_names(lab: Lab, *changes: str) -> None:
    """All at once, so that the engine may see any of the states between, or none."""
    lab.run(ROUTER, "ip", "-batch", "-", given="\n".join(f"link {c}" for c in changes) + "\n")


RENAMED = {
    "altname": ("property del dev {} altname {}", "property add dev {} altname {}"),
    "name": ("set {} name other", "set other name {}"),
}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("kind", RENAMED)
def test_an_interface_that_loses_its_name_has_lost_no_route(
    lab: Lab, start: Start, kind: str, number: int
) -> None:
    """The engine takes the route away itself, and blames nobody."""
    uplinks = [(uplink.interface, f"wan{uplink.interface}") for uplink in lab.uplinks]
    text = policy_text(lab, DUAL_STACK)
    if kind == "altname":
        change_names(lab, *(RENAMED[kind][1].format(*names) for names in uplinks))
        for interface, name in uplinks:
            text = text.replace(f"interface: {interface},", f"interface: {name},")
    engine = start(text)
    names = [name for uplink in lab.uplinks for name in (uplink.name, f"{uplink.name}-v6")]
    engine.wait_for_health(*names)
    lose, regain = (change.format(*uplinks[number]) for change in RENAMED[kind])
    other = 1 - number
    change_names(lab, lose)
    for family in Family:
        wait_for_our_routes(lab, (f"eth{other}", 10 * (other + 1)), family=family)
        wait_until_taken(lab, f"eth{other}", family)
    change_names(lab, regain)
    for family in Family:
        wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20), family=family)
        wait_until_taken(lab, "eth0", family)
    assert engine.said("gone") == []
