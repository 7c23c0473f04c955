"""A line to an ISP that gives its address by DHCP."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER
from route_switcher.lab.topology import Lab
from support.dhcp_server import DhcpServer
from support.leased_line import LeasedLine, lease


@pytest.fixture
def line(lab: Lab) -> Iterator[LeasedLine]:
    uplink = lab.uplinks[0]
    lab.run(ROUTER, "ip", "-4", "address", "flush", "dev", uplink.interface)
    length = uplink.address.network.prefixlen
    second = f"{uplink.gateway + 1}/{length}"
    lab.run(uplink.name, "ip", "address", "add", second, "dev", CUSTOMER_PORT)
    shown = lab.run(ROUTER, "ip", "-o", "link", "show", "dev", uplink.interface)
    given = lease(uplink, uplink.gateway)
    with DhcpServer(lab, uplink.name, CUSTOMER_PORT, uplink.gateway, given) as server:
        yield LeasedLine(lab, uplink, server, int(shown.split(":")[0]))
    for log in Path("/run").glob("*.log"):  # pytest shows it if the test fails
        sys.stdout.write(f"{log}\n{log.read_text()}\n")
        log.unlink()
