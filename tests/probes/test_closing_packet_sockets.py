"""The kernel takes its time to close a packet socket, and the loop does not wait for that."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packet_socket
from route_switcher.probes.echo import EchoProber
from route_switcher.probes.neighbour import NeighbourProber
from route_switcher.probes.packet_socket import all_of, open_packet_socket
from route_switcher.probes.prober import Egress

pytestmark = pytest.mark.kernel

LOOPBACK = Egress(interface="lo", family=Family.IPV4, next_hop=lambda: NextHop(None))


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What threads are to do; they have no turn."""
    given: list[Callable[[], object]] = []

    def start(work: Callable[[], object], _: Callable[[object], object]) -> None:
        given.append(work)

    monkeypatch.setattr(trio.lowlevel, "start_thread_soon", start)
    return given


def packet_sockets() -> int:
    """Those of this process's network (packet(7))."""
    return len(Path("/proc/thread-self/net/packet").read_text().splitlines()) - 1


@pytest.mark.parametrize("kind", [NeighbourProber, EchoProber])
async def test_a_thread_closes_it(
    kind: type[NeighbourProber] | type[EchoProber], waiting: list[Callable[[], object]]
) -> None:
    before = packet_sockets()
    with kind(LOOPBACK):
        assert packet_sockets() == before + 1
    assert (packet_sockets(), len(waiting)) == (before + 1, 1)
    waiting.pop()()
    assert packet_sockets() == before


async def test_where_no_thread_can_be_had_it_is_closed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    before = packet_sockets()
    with NeighbourProber(LOOPBACK):
        monkeypatch.setattr(trio.lowlevel, "start_thread_soon", no_thread)
    assert packet_sockets() == before


async def test_none_is_opened_for_an_interface_that_is_missing(
    waiting: list[Callable[[], object]],
) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENODEV)):
        open_packet_socket("gone0", 0x0806, all_of(), 100)
    assert waiting == []


async def test_any_other_socket_is_closed_at_once(waiting: list[Callable[[], object]]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        packet_socket.close(other)
        assert (other.fileno(), waiting) == (-1, [])
