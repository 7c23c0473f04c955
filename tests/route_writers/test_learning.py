"""What is learned from each program that writes a next hop, through the life of a lease."""

import pytest

from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.lab.addresses import ROUTER
from support import route_writers
from support.learner import learner, learns
from support.leased_line import LeasedLine, lease
from support.route_writers import Client, RouteWriter
from support.running import eventually

pytestmark = pytest.mark.kernel

SOON = {"seconds": 60, "renew_after": 2}
"""A lease that every client renews by itself, again and again."""


def without_hooks(client: Client) -> Client:
    return lambda lab, interface: client(lab, interface, hooks=False)


EVERY_WRITER = [
    pytest.param(route_writers.udhcpc, id="udhcpc"),
    pytest.param(without_hooks(route_writers.udhcpc), id="udhcpc-alone"),
    pytest.param(route_writers.dhclient, id="dhclient", marks=pytest.mark.programs),
    pytest.param(route_writers.dhcpcd, id="dhcpcd", marks=pytest.mark.programs),
    pytest.param(
        without_hooks(route_writers.dhcpcd), id="dhcpcd-alone", marks=pytest.mark.programs
    ),
    pytest.param(route_writers.networkd, id="networkd", marks=pytest.mark.programs),
    pytest.param(route_writers.network_manager, id="NetworkManager", marks=pytest.mark.programs),
]
"""dhclient alone keeps the first router for ever."""


def auto(line: LeasedLine) -> tuple[Uplink, ...]:
    return learns(line.uplink.interface, Family.IPV4)


def await_renewals(line: LeasedLine, writer: RouteWriter, number: int) -> None:
    for _ in range(number):
        given = len(line.server.acknowledged)
        writer.renew()
        eventually(lambda: len(line.server.acknowledged) > given, "a renewal")  # noqa: B023


@pytest.mark.parametrize("writer", EVERY_WRITER)
def test_a_router_is_learned_kept_at_a_renewal_replaced_and_lost(
    writer: Client, line: LeasedLine
) -> None:
    line.server.lease = lease(line.uplink, line.gateway, **SOON)
    with learner(line.lab, *auto(line)) as learning:
        running = writer(line.lab, line.uplink.interface)
        learning.await_gateways(line.gateway)
        sources = {hop.hop.source for hop in learning.now} - {None}
        assert sources <= {line.server.lease.address.ip}
        address, interface = line.server.lease.address.ip, line.uplink.interface
        eventually(lambda: address in learning.links[interface].addresses, "the address")
        # A client may write its route after the first renewal; it has done so when it asks again.
        await_renewals(line, running, 2)
        before = list(learning.told)
        await_renewals(line, running, 2)
        assert learning.told == before
        line.server.lease = lease(line.uplink, line.other, **SOON)
        running.renew()
        learning.await_gateways(line.other)
        line.server.lease = lease(line.uplink, **SOON)
        running.renew()
        # dhclient never takes its own route out of main: the first router, not the second.
        learning.await_gateways(*[line.gateway] * (writer is route_writers.dhclient))
        line.server.lease = lease(line.uplink, line.gateway, **SOON)
        running.renew()
        learning.await_gateways(line.gateway)


@pytest.mark.programs
@pytest.mark.parametrize("writer", EVERY_WRITER)
def test_a_lease_that_ends_takes_the_router_and_the_address_along(
    writer: Client, line: LeasedLine
) -> None:
    given = lease(line.uplink, line.gateway, seconds=20, renew_after=5)
    line.server.lease = given
    with learner(line.lab, *auto(line)) as learning:
        writer(line.lab, line.uplink.interface)
        learning.await_gateways(line.gateway)
        line.server.lease = None

        def ended() -> bool:
            addresses = learning.links[line.uplink.interface].addresses
            return not learning.gateways() and given.address.ip not in addresses

        eventually(ended, "the end of the lease")


@pytest.mark.programs
@pytest.mark.parametrize("writer", EVERY_WRITER)
def test_a_restart_of_the_writer_brings_the_router_that_the_lease_names(
    writer: Client, line: LeasedLine
) -> None:
    """NetworkManager leaves its old route beside the new one: then both are routers."""
    with learner(line.lab, *auto(line)) as learning:
        running = writer(line.lab, line.uplink.interface)
        learning.await_gateways(line.gateway)
        line.lab.stop(f"process {running.process.pid}")
        line.server.lease = lease(line.uplink, line.other)
        writer(line.lab, line.uplink.interface)
        left = [line.gateway] * (writer is route_writers.network_manager)
        learning.await_gateways(*left, line.other)


def test_an_address_flush_that_takes_the_route_in_silence_is_seen(line: LeasedLine) -> None:
    with learner(line.lab, *auto(line)) as learning:
        route_writers.udhcpc(line.lab, line.uplink.interface)
        learning.await_gateways(line.gateway)
        line.lab.run(ROUTER, "ip", "-4", "address", "flush", "dev", line.uplink.interface)
        learning.await_gateways()
