"""Orders are kept over a restart, and never over a reboot."""

import json
import os
import threading
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import pytest
import trio

from route_switcher.core.vocabulary.orders import Switch
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.control import disk, kept_file, kept_orders
from route_switcher.daemon.control.kept_orders import KeptOrders
from route_switcher.daemon.control.order_list import KeptOrder
from route_switcher.kernel.host import state_folder
from route_switcher.kernel.host.run_folder import folder_name
from support.world import World, policy, uplink

FILE = "orders"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The state folder and the run folder."""
    state, run = tmp_path / "state", tmp_path / "run"
    for folder in (state, run):
        folder.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    monkeypatch.setattr(state_folder, "run_folders", lambda: (run,))
    # A thread of a busy machine may be late, and hangs no disk.
    monkeypatch.setattr(disk, "LIMIT", 90.0)
    return state, run


def file_in(base: Path) -> Path:
    return base / folder_name() / FILE


def ordered(now: float, *orders: tuple[str, float, bool]) -> Status:
    """What the engine says while these orders stand."""
    world = World(policy(uplink("a", 0), uplink("b", 1)), start=now).run(now + 1)
    for name, seconds, force in orders:
        world.switch(name, seconds=seconds, force=force)
    return world.engine.status(world.now)


async def test_what_was_kept_is_restored_with_the_time_that_is_left(
    folders: tuple[Path, Path],
) -> None:
    now = trio.current_time()
    status = ordered(now, ("b", 600.0, True))
    began = time.monotonic()
    assert await KeptOrders().keep(status)
    (order,) = await KeptOrders().restored()
    # Two clocks are read one after the other, and the machine may be late in between.
    took = time.monotonic() - began
    until = status.families[0].override
    assert until is not None
    assert order.until == pytest.approx(until.until, abs=took + 0.01)
    assert (order.uplink, order.force, order.kept_in) == ("b", True, frozenset({Family.IPV4}))
    assert await KeptOrders().keep(ordered(now, ("b", inf, False)))
    (order,) = await KeptOrders().restored()
    assert (order.until, order.force) == (inf, False)


async def test_an_order_that_was_taken_back_or_has_ended_is_not_restored(
    folders: tuple[Path, Path],
) -> None:
    now, orders = trio.current_time(), KeptOrders()
    assert await orders.keep(ordered(now, ("b", 600.0, True)))
    assert await orders.keep(ordered(now))
    assert await KeptOrders().restored() == ()
    await KeptOrders().keep(ordered(now - 700, ("b", 600.0, True)))
    assert await KeptOrders().restored() == ()


async def test_a_reboot_ends_them(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await KeptOrders().keep(ordered(trio.current_time(), ("b", inf, False)))
    other = tmp_path / "boot_id"
    other.write_text("another boot\n")
    monkeypatch.setattr(kept_file, "_BOOT", other)
    assert await KeptOrders().restored() == ()


async def test_nothing_is_written_before_there_is_an_order(folders: tuple[Path, Path]) -> None:
    orders = KeptOrders()
    assert await orders.restored() == ()
    assert await orders.keep(ordered(trio.current_time()))
    assert [list(folder.iterdir()) for folder in folders] == [[], []]


async def test_the_run_folder_takes_them_where_the_state_folder_does_not(
    folders: tuple[Path, Path],
) -> None:
    state, run = folders
    now = trio.current_time()
    await KeptOrders().keep(ordered(now, ("b", 500.0, True)))
    assert file_in(state).exists()
    state.chmod(0o777)  # others might write it
    await KeptOrders().keep(ordered(now, ("b", inf, True)))
    assert file_in(run).exists()
    # The one that was written later counts, though the older one could not be taken away.
    state.chmod(0o755)
    assert [order.until for order in await KeptOrders().restored()] == [inf]
    await KeptOrders().keep(ordered(now, ("b", 700.0, True)))
    assert file_in(state).exists()
    assert not file_in(run).exists()


async def test_a_state_folder_behind_a_link_takes_them_as_with_a_dynamic_user(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, run = folders
    link = tmp_path / "links" / "state"
    link.parent.mkdir()
    link.symlink_to(private)
    monkeypatch.setenv("STATE_DIRECTORY", str(link))
    now = trio.current_time()
    assert await KeptOrders().keep(ordered(now, ("b", inf, True)))
    assert file_in(private).exists()
    assert len(await KeptOrders().restored()) == 1
    # Others might have it lead to a folder of theirs.
    link.parent.chmod(0o777)
    assert await KeptOrders().keep(ordered(now, ("b", 600.0, True)))
    assert file_in(run).exists()


@pytest.mark.parametrize("target", ["nowhere", "state"])
async def test_a_link_that_leads_nowhere_takes_nothing(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    link = tmp_path / "links" / "state"
    link.parent.mkdir()
    link.symlink_to(target)
    monkeypatch.setenv("STATE_DIRECTORY", str(link))
    assert await KeptOrders().keep(ordered(trio.current_time(), ("b", inf, True)))
    assert file_in(folders[1]).exists()


async def test_where_no_folder_takes_them_that_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kept_file, "state_folders", lambda: (Path("/proc/nowhere"),))
    now, orders = trio.current_time(), KeptOrders()
    for seconds in (500.0, 600.0, 700.0):
        assert not await orders.keep(ordered(now, ("b", seconds, True)))
    assert len([m for m in caplog.messages if m.startswith("orders cannot be kept")]) == 1


async def test_an_order_that_is_given_while_they_are_read_is_kept(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    may_end = threading.Event()

    def slow() -> tuple[KeptOrder, ...]:
        may_end.wait()
        return ()

    monkeypatch.setattr(kept_orders, "_read", slow)
    orders, kept = KeptOrders(), []

    async def keep() -> None:
        kept.append(await orders.keep(ordered(trio.current_time(), ("b", inf, False))))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(orders.restored)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(keep)
        await trio.testing.wait_all_tasks_blocked()
        may_end.set()
    assert (kept, caplog.messages) == ([True], [])
    assert file_in(folders[0]).exists()


async def test_a_disk_that_hangs_is_left(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(kept_orders, "_write", lambda _: os.read(reading, 1))
    monkeypatch.setattr(disk, "LIMIT", 0.01)
    orders = KeptOrders()
    try:
        for seconds in (500.0, 600.0):
            assert not await orders.keep(ordered(trio.current_time(), ("b", seconds, True)))
    finally:
        os.write(writing, b"x")
    assert caplog.messages == ["orders cannot be kept over a restart: the disk hangs"]
    for descriptor in (reading, writing):
        os.close(descriptor)


def spoil(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def spoiled(file: Path) -> None:
        document = json.loads(file.read_text())
        change(document)
        file.write_text(json.dumps(document))

    return spoiled


def replace_by_a_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def replace_by_a_link(file: Path) -> None:
    moved = file.with_name("elsewhere")
    file.rename(moved)
    file.symlink_to(moved)


SPOILT: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_text(""),
    "cut": lambda file: file.write_text(file.read_text()[:-5]),
    "no object": lambda file: file.write_text("[]"),
    "deep": lambda file: file.write_text("[" * 60_000),
    "bytes": lambda file: file.write_bytes(b"\xff\xfe"),
    "no orders": spoil(lambda d: d.pop("orders")),
    "orders that are none": spoil(lambda d: d.update(orders=[1, None, "b", {}, []])),
    "orders that are a number": spoil(lambda d: d.update(orders=7)),
    "no name": spoil(lambda d: d["orders"][0].pop("uplink")),
    "an end that is a word": spoil(lambda d: d["orders"][0].update(until="later")),
    "no family": spoil(lambda d: d["orders"][0].update(families=["IPv5", 4, None, []])),
    "a force that is a number": spoil(lambda d: d["orders"][0].update(force=1)),
    "another boot's": spoil(lambda d: d.update(boot="x")),
    "of a network that is gone, whose inode ours got": spoil(lambda d: d.update(network=1)),
    "a network that is a list": spoil(lambda d: d.update(network=[])),
    "a FIFO": replace_by_a_fifo,
    "a link": replace_by_a_link,
    "gone": lambda file: file.unlink(),
}


@pytest.mark.parametrize("way", SPOILT)
async def test_a_file_that_is_not_as_we_wrote_it_gives_no_order(
    folders: tuple[Path, Path], way: str
) -> None:
    await KeptOrders().keep(ordered(trio.current_time(), ("b", inf, True)))
    SPOILT[way](file_in(folders[0]))
    assert await KeptOrders().restored() == ()


async def test_it_belongs_to_us_alone(folders: tuple[Path, Path]) -> None:
    await KeptOrders().keep(ordered(trio.current_time(), ("b", inf, True)))
    assert file_in(folders[0]).stat().st_mode & 0o777 == 0o600
    assert [type(order) for order in await KeptOrders().restored()] == [Switch]
