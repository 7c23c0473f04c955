"""A line to an ISP that gives its address by DHCP."""

from collections.abc import Iterator

import pytest

from route_switcher.lab.topology import Lab
from support.leased_line import LeasedLine, leased_line
from support.route_writers import logs_shown


@pytest.fixture
def line(lab: Lab) -> Iterator[LeasedLine]:
    """The primary."""
    with logs_shown(), leased_line(lab, lab.uplinks[0]) as line:
        yield line
