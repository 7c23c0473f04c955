"""A kernel that has no memory for a moment: who asks it, and who hears of it, goes on.

That cannot be had for real, so sockets of the test say it in the kernel's place.
"""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

import pytest
import trio

from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.kernel.rtnetlink import exchange, scarcity
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel
from route_switcher.kernel.rtnetlink.scarcity import NoSocket, readable

pytestmark = pytest.mark.kernel

Ip = Callable[..., None]
ROUTE = Route(Family.IPV4, "eth0", IPv4Address("198.51.100.1"), 10)
numbers = pytest.mark.parametrize(
    "number", [errno.ENOBUFS, errno.ENOMEM], ids=["buffers", "memory"]
)


class Scarce(socket.socket):
    """The first calls of one method fail, on all such sockets together."""

    fails = ""
    number = 0
    left = 0

    def _may_fail(self, method: str) -> None:
        if method == Scarce.fails and Scarce.left:
            Scarce.left -= 1
            raise OSError(Scarce.number, os.strerror(Scarce.number))

    def send(self, *arguments: object) -> int:
        self._may_fail("send")
        return super().send(*arguments)  # type: ignore[arg-type]

    def recvfrom(self, *arguments: object) -> object:  # type: ignore[override]
        self._may_fail("recvfrom")
        return super().recvfrom(*arguments)  # type: ignore[arg-type]


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int, int], None]]:
    """Have so many calls of a method fail from now on."""

    async def opened() -> socket.socket:
        return Scarce(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)

    def fail(method: str, number: int, times: int) -> None:
        Scarce.fails, Scarce.number, Scarce.left = method, number, times

    monkeypatch.setattr(exchange, "_opened", opened)
    monkeypatch.setattr(scarcity, "_PAUSE", 0.01)
    yield fail
    Scarce.left = 0


@numbers
@pytest.mark.parametrize("method", ["send", "recvfrom"])
async def test_what_is_asked_and_changed_is_asked_and_changed_again(
    kernel: NetlinkKernel, scarce: Callable[[str, int, int], None], method: str, number: int
) -> None:
    for times in (1, 3):
        scarce(method, number, times)
        assert await kernel.apply(RouteAction(Change.ADD, ROUTE, "it is ours")) is None
        scarce(method, number, times)
        assert ROUTE in await kernel.default_routes(ours_only=True)
        scarce(method, number, times)
        assert await kernel.apply(RouteAction(Change.DELETE, ROUTE, "it is ours")) is None
        assert Scarce.left == 0


async def test_after_a_minute_it_ends_in_words(
    kernel: NetlinkKernel,
    scarce: Callable[[str, int, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scarcity, "_PATIENCE", 0.1)
    scarce("send", errno.ENOBUFS, 1_000_000)
    with pytest.raises(
        NoSocket, match=r"the kernel could not be asked for 0.1 s \(No buffer space"
    ):
        await kernel.default_routes()


@numbers
async def test_news_that_cannot_be_read_are_looked_for(
    kernel: NetlinkKernel, ip: Ip, scarce: Callable[[str, int, int], None], number: int
) -> None:
    monitor = kernel._monitor
    monitor._socket = Scarce(fileno=monitor._socket.detach())
    scarce("recvfrom", number, 1)
    ip("addr add 203.0.113.2/24 dev eth0")
    with trio.fail_after(60):
        assert (await kernel.changed()).overrun


async def test_where_nothing_more_can_be_waited_for_it_looks_after_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Root of a container counts as root of the host (fs.epoll.max_user_watches)."""

    async def refused(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(trio.lowlevel, "wait_readable", refused)
    with trio.fail_after(60), socket.socket() as channel:
        await readable(channel)
