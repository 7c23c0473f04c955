"""Real DHCP clients with the hooks that are shipped: table 1115 says what the lease says."""

import signal
import subprocess
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support import route_writers
from support.leased_line import LeasedLine, lease
from support.route_writers import LEASES, Client, DefaultRoute, RouteWriter, default_routes
from support.running import eventually

pytestmark = pytest.mark.kernel

CLIENTS = [
    pytest.param(route_writers.udhcpc, id="udhcpc"),
    pytest.param(route_writers.dhclient, id="dhclient", marks=pytest.mark.programs),
    pytest.param(route_writers.dhcpcd, id="dhcpcd", marks=pytest.mark.programs),
]
SOON = {"seconds": 60, "renew_after": 2}
"""A lease that every client renews by itself, again and again."""


def leased(line: LeasedLine, *routers: IPv4Address, onlink: bool = False) -> list[DefaultRoute]:
    """What table 1115 should say."""
    given = line.server.lease
    assert given is not None
    return [
        DefaultRoute(
            interface=line.uplink.interface,
            gateway=str(router),
            metric=line.index * 16 + place,
            protocol="dhcp",
            source=str(given.address.ip),
            onlink=onlink,
        )
        for place, router in enumerate(routers)
    ]


def await_table(line: LeasedLine, *routers: IPv4Address, onlink: bool = False) -> None:
    wanted = leased(line, *routers, onlink=onlink)
    eventually(lambda: default_routes(line.lab, LEASES) == wanted, f"{wanted} in table {LEASES}")


def await_renewals(line: LeasedLine, client: RouteWriter, number: int) -> None:
    for _ in range(number):
        given = len(line.server.acknowledged)
        client.renew()
        eventually(lambda: len(line.server.acknowledged) > given, "a renewal")  # noqa: B023


@dataclass
class Monitor:
    """What `ip monitor route` says about table 1115 in the router."""

    lab: Lab
    process: subprocess.Popen[str]

    def lines(self) -> list[str]:
        """All that came since the last time."""
        mark = "blackhole 192.0.2.1"
        self.lab.run(ROUTER, "ip", "route", "add", *mark.split(), "table", "99")
        self.lab.run(ROUTER, "ip", "route", "del", *mark.split(), "table", "99")
        assert self.process.stdout is not None
        heard: list[str] = []
        for text in self.process.stdout:
            if text.startswith("Deleted") and mark in text:
                return heard
            if f"table {LEASES}" in text:
                heard.append(text)
        raise AssertionError("the monitor has ended")


@pytest.fixture
def monitor(line: LeasedLine) -> Monitor:
    words = ["ip", "-4", "monitor", "route"]
    return Monitor(line.lab, line.lab.start(ROUTER, words, stdout=subprocess.PIPE))


@pytest.mark.parametrize("client", CLIENTS)
def test_the_router_of_the_lease_is_learned_and_kept_and_an_unchanged_renewal_writes_nothing(
    client: Client, line: LeasedLine, monitor: Monitor
) -> None:
    line.server.lease = lease(line.uplink, line.gateway, **SOON)
    running = client(line.lab, line.uplink.interface)
    await_table(line, line.gateway)
    await_renewals(line, running, 1)
    before = monitor.lines()
    await_renewals(line, running, 2)
    assert monitor.lines() == []
    assert len([text for text in before if not text.startswith("Deleted")]) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_renewal_with_another_router_replaces_the_old_one_in_one_step(
    client: Client, line: LeasedLine, monitor: Monitor
) -> None:
    line.server.lease = lease(line.uplink, line.gateway, **SOON)
    running = client(line.lab, line.uplink.interface)
    await_table(line, line.gateway)
    await_renewals(line, running, 1)
    monitor.lines()
    line.server.lease = lease(line.uplink, line.other, **SOON)
    running.renew()
    await_table(line, line.other)
    (said,) = monitor.lines()
    assert f"via {line.other}" in said
    assert not said.startswith("Deleted")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_renewal_without_a_router_takes_the_route_out_and_the_next_one_brings_it_back(
    client: Client, line: LeasedLine
) -> None:
    line.server.lease = lease(line.uplink, line.gateway, **SOON)
    running = client(line.lab, line.uplink.interface)
    await_table(line, line.gateway)
    line.server.lease = lease(line.uplink, **SOON)
    running.renew()
    await_table(line)
    line.server.lease = lease(line.uplink, line.gateway, **SOON)
    running.renew()
    await_table(line, line.gateway)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_router_of_the_lease_is_written_in_its_order(
    client: Client, line: LeasedLine
) -> None:
    line.server.lease = lease(line.uplink, line.other, line.gateway, **SOON)
    running = client(line.lab, line.uplink.interface)
    await_table(line, line.other, line.gateway)
    line.server.lease = lease(line.uplink, line.gateway, **SOON)
    running.renew()
    await_table(line, line.gateway)


@pytest.mark.parametrize("client", CLIENTS)
def test_where_there_are_classless_routes_only_their_default_counts(
    client: Client, line: LeasedLine
) -> None:
    elsewhere = (IPv4Network("203.0.113.0/25"), line.gateway)
    everywhere = (IPv4Network("0.0.0.0/0"), line.other)
    line.server.lease = lease(line.uplink, line.gateway, classless=(elsewhere, everywhere), **SOON)
    running = client(line.lab, line.uplink.interface)
    await_table(line, line.other)
    line.server.lease = lease(line.uplink, line.gateway, classless=(elsewhere,), **SOON)
    running.renew()
    await_table(line)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_router_outside_the_network_of_the_lease_is_written_too(
    client: Client, line: LeasedLine
) -> None:
    given = lease(line.uplink, line.gateway, **SOON)
    line.server.lease = replace(given, address=IPv4Interface((given.address.ip, 32)))
    client(line.lab, line.uplink.interface)
    eventually(
        lambda: [r.gateway for r in default_routes(line.lab, LEASES)] == [str(line.gateway)],
        "the router in the table",
    )


@pytest.mark.programs
@pytest.mark.parametrize("client", CLIENTS)
def test_a_lease_that_ends_takes_its_route_along_also_beside_another_address(
    client: Client, line: LeasedLine
) -> None:
    """Beside another address the kernel takes out no route of such a table."""
    line.server.lease = lease(line.uplink, line.gateway, seconds=20, renew_after=5)
    client(line.lab, line.uplink.interface)
    await_table(line, line.gateway)
    words = ("ip", "address", "add", "203.0.113.99/28", "dev", line.uplink.interface)
    line.lab.run(ROUTER, *words)
    line.server.lease = None
    eventually(lambda: default_routes(line.lab, LEASES) == [], "an empty table")


def test_a_lease_that_is_given_back_takes_its_route_along(line: LeasedLine) -> None:
    running = route_writers.udhcpc(line.lab, line.uplink.interface)
    await_table(line, line.gateway)
    running.process.send_signal(signal.SIGUSR2)
    eventually(lambda: default_routes(line.lab, LEASES) == [], "an empty table")


@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_writes_its_own_route_as_without_the_hook(
    client: Client, line: LeasedLine
) -> None:
    own: list[list[DefaultRoute]] = []
    for hooks in (False, True):
        running = client(line.lab, line.uplink.interface, hooks=hooks)
        eventually(lambda: default_routes(line.lab) != [], "a default route of the client")
        own.append(default_routes(line.lab))
        line.lab.stop(f"process {running.process.pid}")
        line.lab.run(ROUTER, "ip", "-4", "address", "flush", "dev", line.uplink.interface)
    assert own[0] == own[1]
