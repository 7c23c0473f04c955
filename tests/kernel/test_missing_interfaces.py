"""For a name that no interface has the kernel is not asked again and again to look for a driver."""

import os
import socket
from collections.abc import Callable
from ctypes.util import find_library

import pytest

from route_switcher.core.vocabulary.link_troubles import LinkTrouble
from route_switcher.kernel.rtnetlink.names import index_of
from route_switcher.probes import interface
from support import confining

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(find_library("seccomp") is None, reason="libseccomp is missing"),
]

GONE = "gone0"
BY_NAME = (0x8913, 0x8921, 0x8933)
"""SIOCGIFFLAGS, SIOCGIFMTU and SIOCGIFINDEX: each of them has it look for a driver."""


def ends_well(work: Callable[[], bool]) -> bool:
    """Whether it returns True, by a process of its own that may ask for nothing by such a call."""
    child = os.fork()
    if child == 0:
        try:
            for request in BY_NAME:
                confining.die_of("ioctl", 1, request)
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def asked_through(sock: socket.socket) -> tuple[object, ...]:
    return (
        interface.index_of(sock, GONE),
        interface.mtu_of(sock, GONE),
        interface._link_trouble(sock, GONE),
    )


def test_one_that_was_missing_is_asked_for_in_another_way() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        nothing = (None, None, LinkTrouble.MISSING.value)
        assert (index_of(GONE), asked_through(sock)) == (0, nothing)
        assert ends_well(lambda: (index_of(GONE), asked_through(sock)) == (0, nothing))


def test_it_is_found_when_it_comes_and_missed_when_it_goes(ip: Callable[..., None]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(2):
            assert (index_of(GONE), interface.index_of(sock, GONE)) == (0, None)
            ip(f"link add {GONE} type bridge")
            index = socket.if_nametoindex(GONE)
            assert (index_of(GONE), interface.index_of(sock, GONE)) == (index, index)
            ip(f"link del {GONE}")


@pytest.mark.parametrize("name", ["x" * 16, "x" * 127, "a/b", "\udcff", ""])
def test_names_that_no_interface_can_have(name: str) -> None:
    for _ in range(2):
        assert index_of(name) == 0


def test_an_altname_is_a_name(ip: Callable[..., None]) -> None:
    ip("link add eth0 type bridge")
    assert index_of("wan") == 0
    ip("link property add dev eth0 altname wan")
    assert index_of("wan") == index_of("eth0") > 0
