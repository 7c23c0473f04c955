"""Two lines from dnsmasq, by DHCP and by router advertisement."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER, LabUplink
from route_switcher.lab.topology import Lab
from support import route_writers
from support.learner import Learner, learner, learns
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


def lines(lab: Lab, family: Family) -> Iterator[Uplink]:
    for uplink in lab.uplinks:
        yield from learns(uplink.interface, family)


def ways(learning: Learner) -> set[tuple[str, str]]:
    return {(hop.interface, str(hop.hop.gateway)) for hop in learning.now}


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
    with learner(lab, *lines(lab, Family.IPV4)) as learning:
        eventually(lambda: ways(learning) == wanted, "both routers learned")


def advertise(lab: Lab, uplink: LabUplink, life: int) -> subprocess.Popen[str]:
    """The ISP of `uplink` advertises itself every four seconds, for so many seconds."""
    network = uplink.address_v6.network.network_address
    options = ["--enable-ra", f"--ra-param={CUSTOMER_PORT},4,{life}"]
    ranges = f"{network},ra-only,64,2m"
    return route_writers.dnsmasq(lab, uplink.name, CUSTOMER_PORT, ranges, options=options)


@pytest.fixture
def hearing(lab: Lab) -> Lab:
    """The router heeds router advertisements, though it forwards."""
    for uplink in lab.uplinks:
        lab.run(ROUTER, "sysctl", "-q", "-w", f"net.ipv6.conf.{uplink.interface}.accept_ra=2")
    return lab


def test_routers_are_advertised_on_both_lines(hearing: Lab) -> None:
    for uplink in hearing.uplinks:
        advertise(hearing, uplink, 30)
    wanted = {uplink.interface for uplink in hearing.uplinks}
    eventually(
        lambda: {r.interface for r in default_routes(hearing, family=Family.IPV6)} == wanted,
        "both routers in main",
    )
    routes = default_routes(hearing, family=Family.IPV6)
    assert {(route.metric, route.protocol) for route in routes} == {(1024, "ra")}
    assert all(route.gateway.startswith("fe80::") for route in routes)


def lives(lab: Lab) -> list[int]:
    """How many seconds the routers have left, as the kernel tells when asked."""
    shown = lab.run(ROUTER, "ip", "-6", "route", "show", "default", "proto", "ra")
    return [int(seconds) for seconds in re.findall(r"expires (-?[0-9]+)sec", shown)]


def test_a_router_counts_for_as_long_as_the_kernel_uses_it(hearing: Lab) -> None:
    """The kernel tells neither of a refresh nor of another life, and of its end much too late."""
    hearing.run(ROUTER, "sysctl", "-q", "-w", "net.ipv6.route.gc_interval=3600")
    first = hearing.uplinks[0]
    with learner(hearing, *lines(hearing, Family.IPV6)) as learning:
        server = advertise(hearing, first, 1800)
        eventually(lambda: len(learning.now) == 1, "a router")
        (hop,) = learning.now
        assert (hop.interface, hop.family, hop.protocol) == (first.interface, Family.IPV6, 9)
        server.kill()
        server.wait()
        shorter = advertise(hearing, first, 5)
        eventually(lambda: max(lives(hearing)) <= 5, "a shorter life")
        shorter.kill()
        shorter.wait()
        # On a busy machine the rest of its life may be over already.
        assert learning.now == (hop,) or max(lives(hearing)) <= 0
        eventually(lambda: learning.now == (), "no router any more")
        (left,) = lives(hearing)
        assert left <= 0
        advertise(hearing, first, 1800)
        eventually(lambda: learning.now == (hop,), "the same router again")
        assert [len(hops) for hops in learning.told] == [1, 0, 1]


def test_a_router_that_says_farewell_is_gone_at_once(hearing: Lab) -> None:
    first = hearing.uplinks[0]
    with learner(hearing, *lines(hearing, Family.IPV6)) as learning:
        server = advertise(hearing, first, 1800)
        eventually(lambda: len(learning.now) == 1, "a router")
        server.kill()
        server.wait()
        advertise(hearing, first, 0)
        eventually(lambda: learning.now == (), "no router any more")
