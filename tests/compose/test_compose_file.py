"""The compose file, its policy and its README fit together; needs no container."""

import re
import shlex
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, ip_address
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose import seed
from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Policy, Recover
from route_switcher.policy.load import load

FOLDER = Path(__file__).parents[2] / "compose"
FILE: Mapping[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: Mapping[str, Any] = FILE["services"]
SUBNETS = {
    name: IPv4Network(network["ipam"]["config"][0]["subnet"])
    for name, network in FILE["networks"].items()
}
DOCUMENTATION = [IPv4Network("198.51.100.0/24"), IPv4Network("203.0.113.0/24")]  # RFC 5737
ROUTER = "route-switcher"


def attached() -> list[tuple[str, str, Mapping[str, str]]]:
    """Service, network, and how the one is attached to the other."""
    return [
        (name, network, attachment)
        for name, service in SERVICES.items()
        for network, attachment in service["networks"].items()
    ]


def address(service: str, network: str) -> IPv4Address:
    return IPv4Address(SERVICES[service]["networks"][network]["ipv4_address"])


def command(service: str) -> str:
    return str(SERVICES[service]["command"][-1])


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(str(FOLDER / "policy.yaml"))


def test_only_documentation_networks_are_used_and_they_do_not_overlap() -> None:
    for subnet in SUBNETS.values():
        assert any(subnet.subnet_of(network) for network in DOCUMENTATION)
    assert not any(one.overlaps(other) for one, other in combinations(SUBNETS.values(), 2))


def test_no_address_outside_documentation_networks_is_mentioned() -> None:
    for file in FOLDER.iterdir():
        mentioned = re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", file.read_text("utf-8"))
        for found in map(IPv4Address, mentioned):
            assert any(found in network for network in DOCUMENTATION), f"{found} in {file.name}"


@pytest.mark.parametrize("name", SUBNETS)
def test_a_network_has_no_way_out(name: str) -> None:
    assert FILE["networks"][name]["internal"] is True
    assert FILE["networks"][name]["x-podman.disable_dns"] is True


def test_addresses_are_in_their_networks_unique_and_not_the_bridges() -> None:
    found = [(address(service, network), SUBNETS[network]) for service, network, _ in attached()]
    assert len({one for one, _ in found}) == len(found)
    for one, subnet in found:
        assert one in subnet
        assert one not in (subnet[0], subnet[1], subnet[-1])


def test_interfaces_have_fixed_and_distinct_names() -> None:
    names = [(service, a["x-podman.interface_name"]) for service, _, a in attached()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_two_capabilities_and_no_other_privilege(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["cap_add"] == ["NET_ADMIN", "NET_RAW"]
    assert service["security_opt"] == ["no-new-privileges"]
    assert not service.keys() & {"privileged", "user", "network_mode", "ports", "devices", "pid"}


@pytest.mark.parametrize("name", [ROUTER, "primary", "secondary"])
def test_what_passes_packets_on_has_forwarding(name: str) -> None:
    assert SERVICES[name]["sysctls"]["net.ipv4.ip_forward"] == "1"


def test_the_router_lets_answers_in_by_the_standby_uplink() -> None:
    assert SERVICES[ROUTER]["sysctls"]["net.ipv4.conf.all.rp_filter"] == "2"


@pytest.mark.parametrize("name", ["primary", "secondary"])
def test_an_isp_keeps_its_mac_addresses_over_a_restart(name: str) -> None:
    assert all("mac_address" in a for service, _, a in attached() if service == name)


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_leads_to_a_neighbour(name: str) -> None:
    near = {
        str(address(service, network))
        for service, network, _ in attached()
        if service != name and network in SERVICES[name]["networks"]
    }
    assert set(re.findall(r"via (\S+?);?\s", command(name) + "\n")) <= near


def test_the_policy_is_about_the_routers_interfaces_and_isps(policy: Policy) -> None:
    for uplink in policy.uplinks:
        network = f"uplink-{uplink.name}"
        attachment = SERVICES[ROUTER]["networks"][network]
        assert uplink.interface == attachment["x-podman.interface_name"]
        assert uplink.gateway == address(uplink.name, network)


def test_the_targets_are_behind_the_isps(policy: Policy) -> None:
    found = re.search(r"ip route add local (\S+) dev lo", command("internet"))
    assert found is not None
    answering = IPv4Network(found[1])
    assert not any(answering.overlaps(subnet) for subnet in SUBNETS.values())
    assert all(
        ip_address(target.name) in answering for probe in policy.probes for target in probe.targets
    )


def test_the_policy_fails_over_and_back_as_the_seed_says(policy: Policy) -> None:
    assert [uplink.name for uplink in policy.uplinks] == ["primary", "secondary"]
    (probe,) = policy.probes
    counted = ConsecutiveFailures(probe.name, 3)
    assert [rule.fail for rule in policy.rules] == [counted, CarrierDown()]
    assert {rule.recover for rule in policy.rules} == {Recover(stable=60.0)}


def test_the_readme_tells_the_commands_that_the_test_runs() -> None:
    lines = (FOLDER / "README.md").read_text("utf-8").splitlines()
    told = [line for line in lines if line in seed.COMMANDS]
    assert list(dict.fromkeys(told)) == list(seed.COMMANDS)


def test_the_commands_name_services_and_interfaces_that_exist() -> None:
    assert shlex.split(seed.FOLLOW)[-1] in SERVICES
    for line in (seed.BREAK, seed.MEND):
        *_, service, _, _, _, interface, _ = shlex.split(line)
        attachment = SERVICES[service]["networks"][f"uplink-{service}"]
        assert attachment["x-podman.interface_name"] == interface
