"""The service manager is told when the engine is ready, and as long as its loop goes on."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from daemon.test_service import running
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.routes import Route
from route_switcher.daemon.service_manager import ServiceManager
from support.model_kernel import ModelKernel
from support.world import policy


@pytest.fixture
def told(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def messages(told: socket.socket) -> list[str]:
    found = []
    try:
        while True:
            found.append(told.recv(100).decode())
    except BlockingIOError:
        return found


def manager(told: socket.socket, **more: str) -> ServiceManager:
    return ServiceManager({"NOTIFY_SOCKET": told.getsockname(), **more})


def test_it_is_told(told: socket.socket) -> None:
    manager(told).tell("READY=1")
    assert messages(told) == ["READY=1"]


def test_an_abstract_name_begins_with_an_at_sign() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0route-switcher-test-{os.getpid()}")
        name = f"@route-switcher-test-{os.getpid()}"
        ServiceManager({"NOTIFY_SOCKET": name}).tell("READY=1")
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("name", ["", "/nowhere", "x" * 200])
def test_where_it_cannot_be_told_nothing_happens(name: str) -> None:
    ServiceManager({"NOTIFY_SOCKET": name}).tell("READY=1")


def test_one_that_does_not_read_is_not_waited_for(told: socket.socket) -> None:
    speaker = manager(told)
    for _ in range(10_000):
        speaker.tell("WATCHDOG=1")


async def test_what_its_queue_has_no_room_for_is_told_later(told: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, suppress(BlockingIOError):
        other.setblocking(False)
        while True:
            other.sendto(b"from somebody else", told.getsockname())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(manager(told).tell_surely, "READY=1")
        await trio.testing.wait_all_tasks_blocked()
        assert set(messages(told)) == {"from somebody else"}
    assert messages(told) == ["READY=1"]


async def test_a_loop_that_waits_for_the_kernel_need_not_be_ended(
    autojump_clock: trio.testing.MockClock, told: socket.socket
) -> None:
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        speaker = manager(told, WATCHDOG_USEC="30000000")
        waits = lambda: trio.current_time() - began  # noqa: E731 - as long as a function
        nursery.start_soon(speaker.watch, trio.sleep_forever, waits)
        await trio.sleep(95)
        assert len(messages(told)) >= 3
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, "inf"),
        ({"WATCHDOG_USEC": "30000000"}, "30"),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, "30"),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, "inf"),
        ({"WATCHDOG_USEC": "0"}, "inf"),
        ({"WATCHDOG_USEC": "soon"}, "inf"),
    ],
)
def test_how_long_the_loop_may_be_silent(environment: dict[str, str], seconds: str) -> None:
    assert ServiceManager(environment).patience == float(seconds)


class Hanging(ModelKernel):
    """A kernel whose answers do not come any more."""

    hangs = False

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        if self.hangs:
            await trio.sleep_forever()
        return await super().default_routes(ours_only=ours_only)


async def test_it_is_told_while_the_loop_goes_on_and_no_longer(
    autojump_clock: trio.testing.MockClock, told: socket.socket
) -> None:
    kernel = Hanging([LinkState(u.interface) for u in policy().uplinks])
    async with running(kernel=kernel) as world, trio.open_nursery() as nursery:
        speaker = manager(told, WATCHDOG_USEC="30000000")
        nursery.start_soon(speaker.watch, world.service.beat)
        await trio.sleep(95)
        assert messages(told) == 10 * ["WATCHDOG=1"]
        kernel.hangs = True
        kernel.flush()
        await trio.sleep(11)
        messages(told)
        await trio.sleep(300)
        assert messages(told) == []
        nursery.cancel_scope.cancel()


async def test_a_loop_that_has_nothing_to_do_goes_on(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with running() as world:
        for line in world.lines.values():
            line.works = False
        with trio.fail_after(1):
            for _ in range(100):
                await world.service.beat()
