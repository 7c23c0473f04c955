"""The kernel settings that tests change are afterwards what they were."""

from pathlib import Path

import pytest

from support.asking import Ip
from support.sysctls import restored_sysctls

pytestmark = pytest.mark.kernel

NAMES = ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/all/rp_filter")


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_what_it_was(name: str, before: int) -> None:
    with restored_sysctls() as outer:
        outer(name, before)
        with restored_sysctls() as write:
            for value in (1, 0, 1):
                write(name, value)
            assert value_of(name) == 1
        assert value_of(name) == before


def test_a_setting_of_an_interface_that_is_gone_needs_no_undoing(ip: Ip) -> None:
    name = "ipv4/ip_forward"
    with restored_sysctls() as outer:
        outer(name, 0)
        with restored_sysctls() as write:
            ip("link add gone0 type veth peer name gone1")
            write(name, 1)
            write("ipv4/conf/gone0/rp_filter", 2)
            ip("link del gone0")
        assert value_of(name) == 0


def value_of(name: str) -> int:
    return int(Path("/proc/sys/net", name).read_text())
