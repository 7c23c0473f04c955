"""Two lines from dnsmasq, by DHCP and by router advertisement."""

from collections.abc import Iterator

import pytest

from route_switcher.core.vocabulary.policy import Family
from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER
from route_switcher.lab.topology import Lab
from support import route_writers
from support.route_writers import LEASES, default_routes
from support.running import eventually

pytestmark = pytest.mark.kernel


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The router has no address on its lines."""
    with Lab() as lab:
        for uplink in lab.uplinks:
            lab.run(ROUTER, "ip", "-4", "address", "flush", "dev", uplink.interface)
        yield lab


def test_two_clients_that_both_write_metric_0_lose_no_router(lab: Lab) -> None:
    for uplink in lab.uplinks:
        lowest = uplink.gateway + 19
        router = f"--dhcp-option=3,{uplink.gateway}"
        leases = f"{lowest},{lowest + 9},2m"
        route_writers.dnsmasq(lab, uplink.name, CUSTOMER_PORT, leases, options=[router])
        route_writers.udhcpc(lab, uplink.interface)
    wanted = {(uplink.interface, str(uplink.gateway)) for uplink in lab.uplinks}
    eventually(
        lambda: {(r.interface, r.gateway) for r in default_routes(lab, LEASES)} == wanted,
        "both routers in the table",
    )
    (first,) = default_routes(lab)
    assert (first.metric, (first.interface, first.gateway) in wanted) == (0, True)


def test_routers_are_advertised_on_both_lines(lab: Lab) -> None:
    for uplink in lab.uplinks:
        sysctl = f"net.ipv6.conf.{uplink.interface}.accept_ra=2"
        lab.run(ROUTER, "sysctl", "-q", "-w", sysctl)
        network = uplink.address_v6.network.network_address
        advertised = ["--enable-ra", f"--ra-param={CUSTOMER_PORT},4,30"]
        ranges = f"{network},ra-only,64,2m"
        route_writers.dnsmasq(lab, uplink.name, CUSTOMER_PORT, ranges, options=advertised)
    wanted = {uplink.interface for uplink in lab.uplinks}
    eventually(
        lambda: {r.interface for r in default_routes(lab, family=Family.IPV6)} == wanted,
        "both routers in main",
    )
    routes = default_routes(lab, family=Family.IPV6)
    assert {(route.metric, route.protocol) for route in routes} == {(1024, "ra")}
    assert all(route.gateway.startswith("fe80::") for route in routes)
