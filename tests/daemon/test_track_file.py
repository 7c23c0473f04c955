"""The file that keepalived reads: how many uplinks are healthy."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

# The files are small, and wait for nobody.
# ruff: noqa: ASYNC240
import pytest
import trio

from route_switcher.core.vocabulary.events import Reload
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.status import Status
from route_switcher.daemon import track_file
from route_switcher.daemon.track_file import HealthyUplinks, TrackFile
from support.two_families import BOTH
from support.world import World, policy, uplink

LIMIT = 90.0


def two(path: Path | None) -> Policy:
    return replace(policy(uplink("a", 0), uplink("b", 1)), track_file=str(path) if path else None)


@asynccontextmanager
async def tracked(world: World, rules: Policy) -> AsyncIterator[TrackFile]:
    tracking = TrackFile(world, rules)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tracking.run)
        yield tracking
        nursery.cancel_scope.cancel()


async def until(true: Callable[[], bool]) -> None:
    with trio.fail_after(LIMIT):
        while not true():  # noqa: ASYNC110 - a thread writes
            await trio.sleep(0.005)


async def reads(file: Path, number: int) -> None:
    await until(lambda: content(file) == f"{number}\n")


def content(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def run(world: World, tracking: TrackFile, end: float) -> None:
    """Tells it what the engine says meanwhile."""
    before = len(world.outputs)
    world.run(end)
    for output in world.outputs[before:]:
        tracking.output(output)


async def test_it_has_the_number_of_healthy_uplinks(tmp_path: Path) -> None:
    file = tmp_path / "keepalived"
    rules = two(file)
    world = World(rules)
    async with tracked(world, rules) as tracking:
        run(world, tracking, 2)
        await reads(file, 2)
        world.cut("a")
        run(world, tracking, 10)
        await reads(file, 1)
        world.cut("b")
        run(world, tracking, 20)
        await reads(file, 0)
        world.mend("a")
        run(world, tracking, 100)
        await reads(file, 1)
    assert file.read_text() == "1\n"
    assert file.stat().st_mode & 0o777 & ~0o022 == 0o644
    assert list(tmp_path.iterdir()) == [file]


async def test_it_comes_back_when_somebody_takes_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track_file, "AGAIN", 0.05)
    file = tmp_path / "keepalived"
    rules = two(file)
    world = World(rules)
    async with tracked(world, rules) as tracking:
        run(world, tracking, 2)
        await reads(file, 2)
        file.unlink()
        await reads(file, 2)


@pytest.mark.parametrize(("before", "after"), [("2\n", 1), ("1\n", 1), ("7\n", 1), ("x", 1)])
async def test_a_restart_changes_no_number_that_may_be_right(
    tmp_path: Path, before: str, after: int
) -> None:
    file = tmp_path / "keepalived"
    rules = two(file)
    world = World(rules).run(2)
    world.restart()
    file.write_text(before)
    async with tracked(world, rules) as tracking:
        run(world, tracking, 4)
        await trio.testing.wait_all_tasks_blocked()
        kept = {"2\n": "2\n", "1\n": "1\n", "7\n": "2\n", "x": "1\n"}[before]
        await until(lambda: content(file) == kept)
        world.cut("a")
        run(world, tracking, 10)
        await reads(file, after)


class NotBegun:
    """What the service says of itself before its engine has begun."""

    def status(self) -> Status:
        return Status(0.0, ())


async def test_before_the_engine_has_begun_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "keepalived"
    file.write_text("2\n")
    tracking = TrackFile(NotBegun(), two(file))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(tracking.run)
        for _ in range(10):
            await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    assert file.read_text() == "2\n"


def test_what_is_not_known_since_the_start_may_be_healthy() -> None:
    world, counted = World(two(None)), HealthyUplinks()
    assert counted.bounds(world.status()) == (0, 2)
    world.run(2)
    assert counted.bounds(world.status()) == (2, 2)
    world.cut("a")
    assert counted.bounds(world.run(10).status()) == (1, 1)
    world.mend("a")
    assert counted.bounds(world.run(20).status()) == (1, 1)
    assert counted.bounds(world.run(100).status()) == (2, 2)
    world.restart()
    assert HealthyUplinks().bounds(world.run(110).status()) == (1, 2)


async def test_a_reload_may_name_another_file(tmp_path: Path) -> None:
    rules = two(None)
    world = World(rules).run(2)
    async with tracked(world, rules) as tracking:
        await trio.testing.wait_all_tasks_blocked()
        tracking.event(Reload(world.now, two(tmp_path / "other"), ()))
        await reads(tmp_path / "other", 2)


async def test_what_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(track_file, "AGAIN", 0.01)
    folder = tmp_path / "absent"
    rules = two(folder / "keepalived")
    world = World(rules).run(2)
    async with tracked(world, rules):
        await until(lambda: bool(caplog.messages))
        await trio.sleep(0.1)
        folder.mkdir()
        await reads(folder / "keepalived", 2)
    why = f"{folder}: No such file or directory"
    assert caplog.messages == [f"the track file cannot be written: {why}"]


async def test_in_a_folder_that_others_may_write_nothing_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tmp_path.chmod(0o777)
    rules = two(tmp_path / "keepalived")
    async with tracked(World(rules).run(2), rules):
        await until(lambda: bool(caplog.messages))
    assert "every user may write" in caplog.messages[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("dormant", "number"), [(False, 1), (True, 2)])
def test_an_uplink_counts_if_it_is_healthy_in_each_family_that_it_has(
    dormant: bool, number: int
) -> None:
    status = World(BOTH).run(2).status()
    counted = HealthyUplinks()
    assert counted.bounds(status) == (2, 2)
    ipv4, ipv6 = status.families
    first, *others = ipv6.uplinks
    health = replace(first.health, state=UplinkState.UNKNOWN, dormant=dormant)
    changed = replace(ipv6, uplinks=(replace(first, health=health), *others))
    assert counted.bounds(replace(status, families=(ipv4, changed))) == (number, number)
