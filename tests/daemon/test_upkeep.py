"""Whatever becomes of the control socket and of the files that are kept: they are made again."""

import grp
import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from daemon.test_control_socket import controlled
from route_switcher.control.protocol import request
from route_switcher.core.vocabulary.policy import Control
from route_switcher.daemon.control import listener as listener_module
from route_switcher.daemon.control.listener import Listener
from route_switcher.daemon.control.upkeep import LOOK
from route_switcher.policy.load import Written
from support.world import policy


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


pytestmark = pytest.mark.usefixtures("threads_take_no_time")

A_LOOK = 2 * LOOK


def rename(path: Path) -> None:
    path.rename(path.with_name("moved"))


def put_a_file(path: Path) -> None:
    path.unlink()
    path.touch()


def put_a_link(path: Path) -> None:
    rename(path)
    path.symlink_to("moved")


def put_a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def move_the_folder(path: Path) -> None:
    path.parent.rename(path.parents[1] / "elsewhere")


GONE: dict[str, Callable[[Path], object]] = {
    "its file is deleted": Path.unlink,
    "its file is renamed": rename,
    "a file is in its place": put_a_file,
    "a FIFO is in its place": put_a_fifo,
    "a link to it is in its place": put_a_link,
    "its folder is deleted": lambda path: shutil.rmtree(path.parent),
    "its folder is renamed": move_the_folder,
    "the run folder is deleted": lambda path: shutil.rmtree(path.parents[1]),
}


@pytest.mark.parametrize("way", GONE)
async def test_the_socket_is_made_again_and_who_is_connected_stays(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    log: pytest.LogCaptureFixture,
    way: str,
) -> None:
    path = trio.Path(place)
    async with controlled(listener, place) as it:
        before = await it.connect()
        for _ in range(2):
            GONE[way](place)
            await trio.sleep(A_LOOK)
            assert (await before.ask(request("status")))["ok"]
            assert (await (await it.connect()).ask(request("status")))["ok"]
        said = [m for m in log.messages if m.startswith("the control socket was gone")]
        assert said == 2 * [f"the control socket was gone, and is made again: {place}"]
        assert (await path.stat()).st_mode & 0o777 == 0o660


async def test_a_socket_that_stands_is_left_alone(
    autojump_clock: trio.testing.MockClock, listener: Listener, place: Path
) -> None:
    async with controlled(listener, place) as it:
        standing = listener.standing
        await trio.sleep(100 * LOOK)
        assert listener.standing is standing
        assert (await (await it.connect()).ask(request("status")))["ok"]


def put_a_folder_there(place: Path) -> None:
    """At one instant of the virtual time."""
    place.unlink()
    place.mkdir()


async def test_where_there_can_be_none_for_a_time_that_is_said_once(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    log: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(listener_module, "run_folders", lambda: (place.parents[1],))
    path = trio.Path(place)
    async with controlled(listener, place) as it:
        put_a_folder_there(place)
        await trio.sleep(100 * LOOK)
        said = [m for m in log.messages if m.startswith("nobody can ask this engine")]
        assert said == [
            f"nobody can ask this engine or order it: {place.parents[1]}: Is a directory"
        ]
        await path.rmdir()
        await trio.sleep(A_LOOK)
        assert (await (await it.connect()).ask(request("status")))["ok"]


async def test_one_that_could_not_be_had_at_first_comes_later(
    autojump_clock: trio.testing.MockClock, place: Path, log: pytest.LogCaptureFixture
) -> None:
    with pytest.MonkeyPatch.context() as nowhere:
        nowhere.setattr(listener_module, "run_folders", lambda: (Path("/proc/nowhere"),))
        listener = Listener()
    with listener:
        assert listener.trouble
        async with controlled(listener, place) as it:
            await trio.sleep(A_LOOK)
            assert f"this engine can be asked now: {place}" in log.messages
            assert (await (await it.connect()).ask(request("status")))["ok"]


async def test_it_moves_to_the_better_folder_once_that_takes_it(
    autojump_clock: trio.testing.MockClock,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base, worse = place.parents[1], tmp_path / "worse"
    worse.mkdir()
    monkeypatch.setattr(listener_module, "run_folders", lambda: (base, worse))
    base.rmdir()
    base.touch()
    with Listener() as listener:
        assert listener.standing is not None
        old = listener.standing.path
        assert old.is_relative_to(worse)
        async with controlled(listener, place) as it:
            base.unlink()
            await trio.sleep(A_LOOK)
            assert (await (await it.connect()).ask(request("status")))["ok"]
            assert not old.exists()


async def test_the_new_one_belongs_to_the_group_of_the_policy(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[str | None] = []
    give = Listener.give

    def counted(self: Listener, group: str | None) -> int | None:
        given.append(group)
        return give(self, group)

    monkeypatch.setattr(Listener, "give", counted)
    own = grp.getgrgid(os.getegid()).gr_name
    async with controlled(listener, place, replace(policy(), control=Control(own))):
        await trio.sleep(A_LOOK)
        await trio.Path(place).unlink()
        await trio.sleep(A_LOOK)
        assert given == [own, own]


KEPT_GONE: dict[str, Callable[[Path], object]] = {
    "the file is deleted": Path.unlink,
    "the folder is deleted": lambda file: shutil.rmtree(file.parent),
    "the state folder is deleted": lambda file: shutil.rmtree(file.parents[1]),
}


def content(file: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(file.read_bytes())
    return {name: value for name, value in found.items() if name != "written"}


@pytest.mark.parametrize("way", KEPT_GONE)
@pytest.mark.parametrize("name", ["orders", "trial"])
async def test_what_is_to_hold_over_a_restart_is_written_again(
    autojump_clock: trio.testing.MockClock,
    listener: Listener,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    way: str,
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    file = tmp_path / "state" / place.parent.name / name
    async with controlled(listener, place) as it:
        await trio.sleep(10)
        assert (await (await it.connect()).ask(request("switch", uplink="secondary")))["ok"]
        it.file = Written(replace(policy(), ignore_linkdown=True), "new")
        assert (await (await it.connect()).ask(request("reload", confirm_seconds=600)))["ok"]
        before = content(file)
        KEPT_GONE[way](file)
        await trio.sleep(A_LOOK)
        assert content(file) == before
        assert (await (await it.connect()).ask(request("confirm")))["ok"]
        assert (await (await it.connect()).ask(request("release")))["ok"]
        file.unlink(missing_ok=True)
        await trio.sleep(A_LOOK)
        assert not file.exists()
