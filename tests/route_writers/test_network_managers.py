"""What systemd-networkd, NetworkManager and dhcpcd do by themselves about their default route."""

from ipaddress import IPv4Address, IPv4Interface

import pytest

from route_switcher.core.vocabulary.routes import PROTOCOL
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support import route_writers
from support.leased_line import LeasedLine, lease
from support.route_writers import Client, DefaultRoute, default_routes
from support.running import eventually

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

SOON = {"seconds": 60, "renew_after": 2}
OURS = 115
"""A table in which our routes stand."""


def its_route(line: LeasedLine, router: IPv4Address, metric: int) -> DefaultRoute:
    given = line.server.lease
    assert given is not None
    source = str(given.address.ip)
    return DefaultRoute(line.uplink.interface, str(router), metric, "dhcp", source)


def await_main(line: LeasedLine, *routes: DefaultRoute) -> None:
    wanted = list(routes)
    eventually(lambda: default_routes(line.lab) == wanted, f"{wanted} in main")


def add_ours(line: LeasedLine) -> None:
    """A route of our protocol in main and in a table of our own, and the rule to that."""
    via = ("default", "via", str(line.gateway), "dev", line.uplink.interface)
    ours = ("protocol", str(PROTOCOL))
    line.lab.run(ROUTER, "ip", "route", "add", *via, *ours, "metric", "20")
    line.lab.run(ROUTER, "ip", "route", "add", *via, *ours, "table", str(OURS))
    rule = ("pref", "32765", "lookup", str(OURS), *ours)
    line.lab.run(ROUTER, "ip", "rule", "add", *rule)


def ours_left(lab: Lab) -> tuple[int, int, int]:
    """How many of our routes in main, routes in our table and rules are left."""
    main = [r for r in default_routes(lab) if r.protocol == str(PROTOCOL)]
    rules = lab.run(ROUTER, "ip", "-details", "rule", "show").count(f"proto {PROTOCOL}")
    return len(main), len(default_routes(lab, OURS)), rules


@pytest.mark.parametrize(
    ("writer", "metric"),
    [
        pytest.param(route_writers.networkd, 1024, id="networkd"),
        pytest.param(route_writers.network_manager, 100, id="NetworkManager"),
    ],
)
def test_a_renewal_with_another_router_is_followed(
    writer: Client, metric: int, line: LeasedLine
) -> None:
    line.server.lease = lease(line.uplink, line.gateway, **SOON)
    writer(line.lab, line.uplink.interface)
    await_main(line, its_route(line, line.gateway, metric))
    line.server.lease = lease(line.uplink, line.other, **SOON)
    await_main(line, its_route(line, line.other, metric))
    line.server.lease = lease(line.uplink, **SOON)
    await_main(line)


@pytest.mark.parametrize(
    ("writer", "metric", "left"),
    [
        pytest.param(route_writers.networkd, 1024, (0, 0, 1), id="networkd"),
        pytest.param(route_writers.network_manager, 100, (1, 1, 1), id="NetworkManager"),
    ],
)
def test_what_a_restart_leaves_of_our_routes_and_rules(
    writer: Client, metric: int, left: tuple[int, int, int], line: LeasedLine
) -> None:
    running = writer(line.lab, line.uplink.interface)
    await_main(line, its_route(line, line.gateway, metric))
    add_ours(line)
    assert ours_left(line.lab) == (1, 1, 1)
    running.end()
    given = len(line.server.acknowledged)
    writer(line.lab, line.uplink.interface)
    eventually(lambda: len(line.server.acknowledged) > given, "a new lease")
    wanted = its_route(line, line.gateway, metric)
    eventually(lambda: wanted in default_routes(line.lab), f"{wanted} in main")
    assert ours_left(line.lab) == left


def test_dhcpcd_without_an_answer_writes_a_default_route_that_leads_nowhere(
    line: LeasedLine,
) -> None:
    """By the device alone, from an address of 169.254.0.0/16 (RFC 3927): no way to the internet."""
    line.server.lease = None
    route_writers.dhcpcd(line.lab, line.uplink.interface, arp=True)
    eventually(lambda: default_routes(line.lab) != [], "a default route")
    (route,) = default_routes(line.lab)
    assert (route.gateway, route.scope) == ("", "link")
    assert IPv4Address(route.source) in IPv4Interface("169.254.0.0/16").network
    assert default_routes(line.lab, route_writers.LEASES) == []
