import re
import shlex
import signal

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Start, eventually
from support.tables import foreign_routes, wait_for_our_routes, wait_until_taken
from support.written_policy_files import DUAL_STACK, PATIENT, name_of, policy_text

pytestmark = pytest.mark.kernel

ROUTES = (("eth0", 10), ("eth1", 20))
FOREIGN = {
    "routes": (
        "default via 198.51.100.1 metric 500 proto dhcp",
        "default via 203.0.113.1 metric 501",
        "default via 2001:db8:1::1 metric 500",
        "blackhole 198.51.100.240/29",
        "198.51.100.248/29 via 203.0.113.1 metric 7",
    )
}


def commands_in(message: str) -> list[str]:
    """The remedy that the message ends with, word for word."""
    found = re.search(r"(ip (?:-6 )?route del .*|sysctl -w .*)$", message)
    assert found, message
    return shlex.split(found[1])


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
@pytest.mark.parametrize(
    ("commands", "gone"),
    [
        (["ip route del default via 198.51.100.1 dev eth0 metric 10 proto 115"], {"eth0"}),
        (["ip route del default via 203.0.113.1 dev eth1 metric 20 proto 115"], {"eth1"}),
        (["ip route flush proto 115"], {"eth0", "eth1"}),
        (["ip -6 route flush proto 115"], {"eth0", "eth1"}),
    ],
)
def test_what_somebody_takes_away_of_ours_is_back_and_the_log_says_so(
    lab: Lab, start: Start, commands: list[str], gone: set[str]
) -> None:
    engine = start(policy_text(lab, DUAL_STACK))
    names = ("primary", "secondary")
    engine.wait_for_health(*names, *(f"{name}-v6" for name in names))
    for family in Family:
        wait_for_our_routes(lab, *ROUTES, family=family)
    foreign, now = foreign_routes(lab), engine.now
    for command in commands:
        lab.run(ROUTER, *command.split())
    for interface in sorted(gone):
        line = engine.wait_for("gone", f"dev {interface} ", since=now)
        assert "our route was taken away by somebody else: default via" in line.message
    for family in Family:
        wait_for_our_routes(lab, *ROUTES, family=family)
    assert foreign_routes(lab) == foreign

    def put_back() -> set[str]:
        """By one change of the routes, or by several: the kernel may tell of each by itself."""
        changes = [
            action for r in engine.said("routes", since=now) for action in r.fields["actions"]
        ]
        return {action.split(" dev ")[1].split()[0] for action in changes}

    eventually(lambda: put_back() >= gone, "it is said what is put back")
    assert put_back() == gone
    assert engine.said("decision", since=now) == []


def test_even_the_connected_routes_may_go(lab: Lab, start: Start) -> None:
    """Then the kernel refuses ours, since the gateways are in no network, until they are again."""
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    lab.run(ROUTER, "ip", "route", "flush", "table", "main")
    for uplink in lab.uplinks:
        engine.wait_for(
            "notice", f"gateway {uplink.gateway} is not in a network of {uplink.interface}", since=0
        )
    for uplink in lab.uplinks:
        network = [str(uplink.address.network), "dev", uplink.interface, "proto", "kernel"]
        lab.run(ROUTER, "ip", "route", "add", *network, "src", str(uplink.address.ip))
    # The kernel tells of addresses, and the engine does not listen for connected routes.
    lab.run(ROUTER, "ip", "address", "add", "203.0.113.62/26", "dev", "eth1")
    wait_for_our_routes(lab, *ROUTES)
    wait_until_taken(lab, "eth0")


@pytest.mark.parametrize("lab", [FOREIGN], indirect=True)
def test_foreign_routes_stay_byte_for_byte_through_failover_and_fail_back(
    lab: Lab, start: Start
) -> None:
    foreign = foreign_routes(lab)
    engine = start(policy_text(lab, DUAL_STACK))
    for name in ("primary", "primary-v6"):
        engine.wait_for("decision", since=0, selected=name)
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    for act, path in ((FAULTS["blackhole"].inject, "eth1"), (FAULTS["blackhole"].heal, "eth0")):
        act(lab, lab.uplinks[0])
        for family in Family:
            wait_until_taken(lab, path, family)
        assert foreign_routes(lab) == foreign


@pytest.mark.parametrize(
    ("at_start", "foreign", "effect"),
    [
        (
            True,
            "default via 198.51.100.1 dev eth0",
            "traffic takes it whatever the engine decides",
        ),
        (True, "unreachable default metric 15", "traffic stops at it"),
        (True, "default via 2001:db8:2::1 dev eth1 metric 15", "traffic takes it"),
        (False, "default via 203.0.113.1 dev eth1 metric 5 proto dhcp", "traffic takes it"),
        (False, "-6 unreachable default metric 15", "traffic stops at it"),
        (False, "blackhole default metric 5", "traffic stops at it"),
    ],
)
def test_a_foreign_default_in_the_way_is_told_once_with_a_remedy_that_works(
    lab: Lab, start: Start, at_start: bool, foreign: str, effect: str
) -> None:
    version = "-6" if "-6" in foreign or "2001:" in foreign else "-4"
    add = ["ip", version, "route", "add", *foreign.removeprefix("-6").split()]
    if at_start:
        lab.run(ROUTER, *add)
    engine = start(policy_text(lab, DUAL_STACK))
    if not at_start:
        engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
        lab.run(ROUTER, *add)
    warning = engine.wait_for("notice", "foreign route in the way", since=0)
    assert warning.level == "warning"
    assert effect in warning.message
    lab.run(ROUTER, *commands_in(warning.message))
    gone = engine.wait_for("notice", "foreign route out of the way")
    assert gone.level == "info"
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    for family in Family:
        wait_for_our_routes(lab, *ROUTES, family=family)
        wait_until_taken(lab, "eth0", family)
    assert len([n for n in engine.said("notice") if "in the way" in n.message]) == 1


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize("number", [0, 1])
def test_a_foreign_route_at_a_metric_of_ours_is_told_and_moves_nothing(
    lab: Lab, start: Start, family: Family, number: int
) -> None:
    """Those of ours stand behind it, the active uplink's first."""
    uplink, metric = lab.uplinks[number], 10 * (number + 1)
    gateway = str(uplink.gateway_of(family))
    foreign = ["default", "via", gateway, "dev", uplink.interface, "metric", str(metric)]
    lab.run(ROUTER, "ip", "route", "add", *foreign)
    before = foreign_routes(lab)
    engine = start(policy_text(lab, (family,), failures=PATIENT))
    engine.wait_for("notice", f"metric {metric} is held by a foreign route: default via")
    names = [name_of(uplink, family) for uplink in lab.uplinks]
    engine.wait_for_health(*names)
    held = {"eth0": 1010, "eth1": 1020} if number == 0 else {"eth0": 10, "eth1": 1020}
    wait_for_our_routes(lab, *held.items(), family=family)
    wait_until_taken(lab, "eth0", family)
    assert foreign_routes(lab) == before
    lab.run(ROUTER, "ip", "route", "del", *foreign)
    wait_for_our_routes(lab, *ROUTES, family=family)
    # Selected first is who answers first. From the preferred one nothing has moved away.
    selected = [each.fields["selected"] for each in engine.said("decision")]
    assert selected[-1:] == names[:1]
    assert selected[:-1] in ([], names[1:2])


@pytest.mark.parametrize("family", Family)
def test_a_foreign_route_at_the_standbys_metric_does_not_cancel_failover(
    lab: Lab, start: Start, family: Family
) -> None:
    standby = lab.uplinks[1]
    foreign = ["default", "via", str(standby.gateway_of(family)), "dev", "eth1", "metric", "20"]
    lab.run(ROUTER, "ip", "route", "add", *foreign)
    engine = start(policy_text(lab, (family,)))
    names = [name_of(uplink, family) for uplink in lab.uplinks]
    engine.wait_for_health(*names)
    for act, selected, routes in (
        (FAULTS["blackhole"].inject, 1, {"eth0": 2010, "eth1": 1020}),
        (FAULTS["blackhole"].heal, 0, {"eth0": 10, "eth1": 1020}),
    ):
        act(lab, lab.uplinks[0])
        engine.wait_for("decision", selected=names[selected])
        wait_for_our_routes(lab, *routes.items(), family=family)
        wait_until_taken(lab, lab.uplinks[selected].interface, family)


def test_a_foreign_route_carries_the_traffic_where_the_kernel_refuses_ours(
    lab: Lab, start: Start
) -> None:
    """The gateway is in no network of eth0, and the policy says that it is not on the link."""
    eth0 = lab.uplinks[0]
    for command in (
        f"address add {eth0.address.ip}/32 dev eth0",
        f"address del {eth0.address} dev eth0",
        f"route add default via {eth0.gateway} dev eth0 onlink metric 901 proto static",
    ):
        lab.run(ROUTER, "ip", *command.split())
    before = foreign_routes(lab)
    text = policy_text(lab).replace("interface: eth0,", "interface: eth0, onlink: false,")
    engine = start(text)
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("notice", "write 'onlink: true' for the uplink", since=0)
    wait_for_our_routes(lab, ("eth1", 1020))
    wait_until_taken(lab, "eth0")
    FAULTS["blackhole"].inject(lab, eth0)
    engine.wait_for("decision", previous="primary", selected="secondary")
    wait_for_our_routes(lab, ("eth1", 20))
    wait_until_taken(lab, "eth1")
    FAULTS["blackhole"].heal(lab, eth0)
    engine.wait_for("decision", previous="secondary", selected="primary")
    wait_for_our_routes(lab, ("eth1", 1020))
    wait_until_taken(lab, "eth0")
    assert foreign_routes(lab) == before
    # Without it the uplink has no route, and the other one takes over.
    lab.run(ROUTER, "ip", "route", "del", "default", "metric", "901", "proto", "static")
    engine.wait_for("decision", previous="primary", selected="secondary", cause="refused")
    wait_until_taken(lab, "eth1")


@pytest.mark.parametrize("family", Family)
def test_routes_of_a_family_that_left_the_policy_are_named_at_the_next_start(
    lab: Lab, start: Start, family: Family
) -> None:
    other = next(each for each in Family if each is not family)
    engine = start(policy_text(lab, DUAL_STACK))
    engine.wait_for_health("primary", "secondary", "primary-v6", "secondary-v6")
    wait_for_our_routes(lab, *ROUTES, family=family)
    engine.end(signal.SIGTERM)
    again = start(policy_text(lab, (other,)))
    told = again.wait_for("notice", f"{family} has no uplink any more", since=0)
    assert told.level == "warning"
    assert "dev eth0 metric 10" in told.message
    wait_for_our_routes(lab, *ROUTES, family=family)
    _, _, command = told.message.partition("To remove them: ")
    lab.run(ROUTER, "sh", "-c", command)
    wait_for_our_routes(lab, family=family)
    wait_for_our_routes(lab, *ROUTES, family=other)


def test_a_hop_appended_to_our_ipv6_route_is_told_once_with_a_remedy_that_works(
    lab: Lab, start: Start
) -> None:
    """The kernel shows it as ours, but does not delete it as ours."""
    engine = start(policy_text(lab, (Family.IPV6,)))
    engine.wait_for_health("primary-v6", "secondary-v6")
    wait_for_our_routes(lab, *ROUTES, family=Family.IPV6)
    second = lab.uplinks[1]
    append = ["default", "via", str(second.gateway_v6), "dev", "eth1", "metric", "10"]
    lab.run(ROUTER, "ip", "-6", "route", "append", *append)
    warning = engine.wait_for("notice", "refused by the kernel: delete default via", since=0)
    # Other news, on which the table is read again.
    lab.run(ROUTER, "ip", "-6", "route", "add", "unreachable", "default", "metric", "900")
    engine.wait_for("notice", "foreign route in the way: unreachable default")
    assert [r for r in engine.said("routes") if "delete" in r.message] == []
    lab.run(ROUTER, *commands_in(warning.message))
    wait_for_our_routes(lab, *ROUTES, family=Family.IPV6)
    told = [n for n in engine.said("notice") if "refused by the kernel" in n.message]
    assert len(told) == 1


@pytest.mark.parametrize("scope", ["eth1", "all"])
def test_strict_reverse_path_filtering_is_told_once_with_a_remedy_that_works(
    lab: Lab, start: Start, scope: str
) -> None:
    for name, value in {"all": 0, "eth0": 0, "eth1": 0, scope: 1}.items():
        lab.run(ROUTER, "sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter={value}")
    engine = start(policy_text(lab))
    warning = engine.wait_for("rp-filter", f"net.ipv4.conf.{scope}.rp_filter = 1 (strict)")
    assert warning.level == "warning"
    # The standby is not asked meanwhile: its line may be well.
    engine.wait_for("notice", "secondary: the kernel drops what", since=0)
    for told in engine.said("rp-filter"):
        lab.run(ROUTER, *commands_in(told.message))
    engine.wait_for_health("primary", "secondary")
    assert len(engine.said("rp-filter")) == (1 if scope == "eth1" else 2)
