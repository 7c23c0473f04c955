"""The journal is written beside the engine, whatever the disk and the clock do."""

import fcntl
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

# The files are small, and wait for nobody.
# ruff: noqa: ASYNC240
import pytest
import trio
import trio.testing

from route_switcher.core.vocabulary.events import Reload, Round, Start
from route_switcher.core.vocabulary.outputs import Decision, Level, Notice
from route_switcher.core.vocabulary.policy import Journal as JournalKey
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import Cause
from route_switcher.daemon.recording import files
from route_switcher.daemon.recording import recorder as recorder_module
from route_switcher.daemon.recording import writing as writing_module
from route_switcher.daemon.recording.clocks import Clocks
from route_switcher.daemon.recording.recorder import Recorder
from route_switcher.daemon.recording.writing import Header, Writing
from route_switcher.journal.folder import files_in
from route_switcher.journal.reading import Entry, Journal
from route_switcher.journal.records import (
    Began,
    Ended,
    Lost,
    PolicyText,
    Reloaded,
    Standing,
    Summary,
    Unread,
)
from route_switcher.kernel.host.run_folder import folder_name
from route_switcher.past.accountant import Accountant
from route_switcher.policy.load import Written
from support.journalled import WALL
from support.world import World, policy, uplink

DAY_LONG = 86_400.0
POLICY = policy(uplink("a", 0), uplink("b", 1))
TEXT = PolicyText("digest", "text")


@dataclass
class Wall:
    """Clocks that a test sets."""

    engine: float = 1000.0
    wall: float = WALL
    asleep: float = 0.0

    def __call__(self) -> Clocks:
        """What they say."""
        return Clocks(self.engine, self.wall, self.asleep)

    def go_on(self, seconds: float) -> None:
        """Time passes."""
        self.engine += seconds
        self.wall += seconds


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(folder))
    return folder


@pytest.fixture(autouse=True)
def time_for_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that writes may be late on a busy machine, and nothing is to be lost by that."""
    monkeypatch.setattr(recorder_module, "_LAST", 90.0)


def writing(clocks: Wall, bound: int = 64_000_000, *, began: bool = False) -> Writing:
    its = Header("1.0", "boot", 0.0, clocks, lambda _: TEXT)
    made = Writing(clocks.engine, its, TEXT, began=began)
    made.files.bound = bound
    return made


def notice(clocks: Wall, text: str = "n") -> Notice:
    return Notice(clocks.engine, Level.INFO, text)


def entries_in(state: Path) -> list[Entry]:
    return list(Journal(state / "journal").entries())


def texts_in(state: Path) -> list[str]:
    return [e.record.text for e in entries_in(state) if isinstance(e.record, Notice)]


def write(its: Writing, clocks: Wall, *texts: str) -> None:
    for text in texts:
        its.put(notice(clocks, text))
    its.hurry()
    its.look()


def test_it_begins_with_the_engine_and_the_text_of_its_policy(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    assert [e.record for e in entries_in(state)] == [
        TEXT,
        Began(1000.0, "1.0", "boot", 0.0, "digest"),
        notice(clocks, "one"),
    ]
    assert {e.wall for e in entries_in(state)} == {WALL}
    folder = state / "journal"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in folder.iterdir())


def test_rounds_wait_for_a_block_and_decisions_do_not(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    its.put(notice(clocks))
    its.look()
    assert entries_in(state) == []
    clocks.go_on(13)
    its.look()
    assert len(texts_in(state)) == 1


def test_each_day_has_a_file_and_says_what_stands(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    world = World(POLICY)
    for output in world.outputs:
        its.known.output(output)
    write(its, clocks, "one")
    clocks.go_on(DAY_LONG)
    write(its, clocks, "two")
    days = [file.day for file in files_in(state / "journal")]
    assert days == [20261127, 20261128]
    (state / "journal" / files_in(state / "journal")[0].name).unlink()
    records = [e.record for e in entries_in(state)]
    assert records[0] == TEXT
    assert isinstance(records[1], Standing)
    assert records[1].active == tuple((d.family, d.selected) for d in world.decisions())
    assert records[2:] == [notice(clocks, "two")]


def test_whole_old_days_are_dropped(state: Path) -> None:
    """The key `journal: {size: …}` is the bound."""
    clocks = Wall()
    its = writing(clocks, 1_000_000)
    for _ in range(10):
        for part in range(20):
            write(its, clocks, f"{'x' * 10_000}{part}")
        clocks.go_on(DAY_LONG)
    files = files_in(state / "journal")
    assert sum((state / "journal" / f.name).stat().st_size for f in files) <= 1_000_000
    days: dict[int, int] = {}
    for entry in entries_in(state):
        if isinstance(entry.record, Notice):
            day = int(time.strftime("%Y%m%d", time.gmtime(entry.wall)))
            days[day] = days.get(day, 0) + 1
    # Each that is there is whole.
    assert set(days.values()) == {20}
    assert list(days) == [20261203, 20261204, 20261205, 20261206]


def test_of_a_day_that_is_too_long_the_earliest_part_is_dropped(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks, 1_000_000)
    for number in range(300):
        write(its, clocks, f"{number} {'x' * 10_000}")
    numbers = [int(text.split()[0]) for text in texts_in(state)]
    assert numbers[-1] == 299
    assert numbers == list(range(numbers[0], 300))
    assert 60 <= len(numbers) <= 100
    size = sum(f.stat().st_size for f in (state / "journal").iterdir())
    assert size <= 1_000_000


def test_it_goes_on_with_the_file_of_the_day_after_a_restart(state: Path) -> None:
    clocks = Wall()
    first = writing(clocks)
    write(first, clocks, "one")
    first.files.close()
    second = writing(clocks)
    write(second, clocks, "two")
    assert len(files_in(state / "journal")) == 1
    assert texts_in(state) == ["one", "two"]
    assert sum(isinstance(e.record, Began) for e in entries_in(state)) == 2


def test_a_file_of_a_later_version_or_a_broken_one_is_left_alone(state: Path) -> None:
    clocks = Wall()
    first = writing(clocks)
    write(first, clocks, "one")
    first.files.close()
    file = state / "journal" / files_in(state / "journal")[0].name
    file.write_bytes(b"x" * 20 + file.read_bytes()[20:])
    second = writing(clocks)
    write(second, clocks, "two")
    assert [f.number for f in files_in(state / "journal")] == [1, 2]
    assert texts_in(state) == ["one", "two"]


# The clock.


def test_a_clock_that_is_set_back_loses_nothing(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    clocks.go_on(10)
    clocks.wall -= 3 * DAY_LONG
    write(its, clocks, "two")
    clocks.go_on(10)
    write(its, clocks, "three")
    assert [f.day for f in files_in(state / "journal")] == [20261127, 20261124]
    found = [e for e in entries_in(state) if isinstance(e.record, Notice)]
    assert [e.record for e in found if isinstance(e.record, Notice)] == [
        Notice(1000.0, Level.INFO, "one"),
        Notice(1010.0, Level.INFO, "two"),
        Notice(1020.0, Level.INFO, "three"),
    ]
    # What was written before counts by the new time.
    assert [e.wall for e in found] == [WALL - 3 * DAY_LONG + s for s in (0, 10, 20)]


def test_a_clock_that_is_wrong_at_the_start_of_the_machine(state: Path) -> None:
    """As on a router without a battery: it begins in 1970, and NTP sets it."""
    clocks = Wall(wall=60.0)
    its = writing(clocks)
    write(its, clocks, "one")
    clocks.go_on(30)
    clocks.wall = WALL
    write(its, clocks, "two")
    found = [e.wall for e in entries_in(state) if isinstance(e.record, Notice)]
    assert found == [WALL - 30, WALL]
    since = list(Journal(state / "journal").entries(WALL - 3600))
    assert next(e.record for e in since if isinstance(e.record, Notice)).text == "one"


def test_sleep_is_no_clock_that_was_set(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    clocks.wall += 7200
    clocks.asleep += 7200
    clocks.go_on(5)
    write(its, clocks, "two")
    found = [e.wall for e in entries_in(state) if isinstance(e.record, Notice)]
    assert found == [WALL, WALL + 7205]


# The disk.


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Another file system in this place."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.kernel
def test_what_a_full_disk_refuses_is_written_when_it_has_room(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    with mounted(state, "size=64k,mode=700"):
        write(its, clocks, "one")
        filler = state / "filler"
        with filler.open("wb") as file:
            file.write(b"x" * 40_000)
        write(its, clocks, "y" * 30_000)
        assert "No space left" in its.trouble
        # What was written before is whole, and nothing is half there.
        assert texts_in(state) == ["one"]
        write(its, clocks, "three")
        filler.unlink()
        clocks.go_on(60)
        its.look()
        assert its.trouble == ""
        assert [text[0] for text in texts_in(state)] == ["o", "y", "t"]
        its.files.close()


@pytest.mark.kernel
def test_a_read_only_disk_is_told_and_tried_again(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    with mounted(state, "mode=700,ro"):
        write(its, clocks, "one")
        assert "Read-only" in its.trouble
        write(its, clocks, "two")
        subprocess.run(["mount", "-o", "remount,rw", str(state)], check=True)
        its.look()
        assert its.trouble  # it waits before it tries again
        clocks.go_on(60)
        its.look()
        assert its.trouble == ""
        assert texts_in(state) == ["one", "two"]
        its.files.close()


def test_what_does_not_fit_into_the_queue_is_counted_and_told(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_module, "MOST_WAITING", 10)
    clocks = Wall()
    its = writing(clocks)
    for number in range(50):
        its.put(notice(clocks, str(number)))
    its.look()
    its.put(notice(clocks, "after"))
    its.hurry()
    its.look()
    records = [e.record for e in entries_in(state)]
    (lost,) = (r for r in records if isinstance(r, Lost))
    assert texts_in(state) == [*map(str, range(50 - lost.count)), "after"]
    assert its.lost == lost.count == 39
    # From there on it is known again what stands.
    assert isinstance(records[records.index(lost) + 1], Standing)


def test_a_file_that_somebody_deletes_is_begun_again(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    for file in (state / "journal").glob("*.rsj"):
        file.unlink()
    write(its, clocks, "two")
    assert texts_in(state) == ["two"]
    assert not [e for e in entries_in(state) if isinstance(e.record, Unread)]


@pytest.mark.parametrize("what", ["journal", ""])
def test_a_folder_that_somebody_deletes_is_made_again(state: Path, what: str) -> None:
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    shutil.rmtree(state / what)
    write(its, clocks, "two")
    clocks.go_on(60)
    its.look()
    assert its.trouble == ""
    assert texts_in(state) == ["two"]


def _mount(folder: Path) -> None:
    """Something else stands over it, as after a mount."""
    folder.rename(folder.with_name("under"))
    folder.mkdir(0o700)


MOVES: dict[str, Callable[[Path], object]] = {
    "the file is called otherwise": lambda state: next((state / "journal").glob("*.rsj")).rename(
        state / "journal" / "old"
    ),
    "the folder is moved": lambda state: (state / "journal").rename(state / "old"),
    "another folder stands there": lambda state: _mount(state / "journal"),
    "the state folder is moved": lambda state: state.rename(state.with_name("old")),
}


@pytest.mark.parametrize("move", MOVES)
def test_what_somebody_moves_away_is_begun_again(state: Path, move: str) -> None:
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    MOVES[move](state)
    write(its, clocks, "two")
    assert its.trouble == ""
    assert texts_in(state) == ["two"]
    assert not [e for e in entries_in(state) if isinstance(e.record, Unread)]


def test_in_memory_it_has_less_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a state folder it lies in a run folder."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setattr(files, "run_folders", lambda: (tmp_path / "run",))
    monkeypatch.setattr(files, "MOST_IN_MEMORY", 300_000)
    clocks = Wall()
    its = writing(clocks)
    for number in range(100):
        write(its, clocks, f"{number} {'x' * 10_000}")
    assert its.files.path == tmp_path / "run" / folder_name() / "journal"
    assert sum(f.stat().st_size for f in its.files.path.iterdir()) <= 300_000


def test_a_long_policy_is_written_once_in_a_file(state: Path) -> None:
    """Its text stands at the beginning of each file, which is no reason to begin another."""
    clocks = Wall()
    its = Writing(
        clocks.engine,
        Header("1.0", "boot", 0.0, clocks, lambda _: TEXT),
        PolicyText("digest", "x" * 400_000),
        began=False,
    )
    its.files.bound = 1_000_000
    for number in range(20):
        write(its, clocks, str(number))
    assert len(files_in(state / "journal")) == 1
    assert len(texts_in(state)) == 20


def test_two_engines_do_not_write_one_journal(state: Path) -> None:
    clocks = Wall()
    first, second = writing(clocks), writing(clocks)
    write(first, clocks, "one")
    write(second, clocks, "two")
    assert "another engine writes it" in second.trouble
    first.files.close()
    clocks.go_on(60)
    second.look()
    assert second.trouble == ""
    assert texts_in(state) == ["one", "two"]


@pytest.mark.parametrize("harm", ["file", "link", "fifo"])
def test_what_stands_in_its_place_is_not_followed(state: Path, tmp_path: Path, harm: str) -> None:
    clocks, place = Wall(), state / "journal"
    match harm:
        case "file":
            place.write_text("mine")
        case "link":
            (tmp_path / "elsewhere").mkdir()
            place.symlink_to(tmp_path / "elsewhere")
        case _:
            os.mkfifo(place)
    its = writing(clocks)
    write(its, clocks, "one")
    assert its.trouble == f"{place}: Not a directory"
    assert not any((tmp_path / "elsewhere").glob("*"))


def test_a_folder_that_is_called_as_a_file_is_passed_over(state: Path) -> None:
    """It cannot be dropped, and does not keep others from being dropped."""
    (state / "journal").mkdir(mode=0o700)
    (state / "journal" / "00000001-20200101.rsj").mkdir()
    clocks = Wall()
    its = writing(clocks, 1_000_000)
    for number in range(200):
        write(its, clocks, f"{number} {'x' * 10_000}")
        assert its.trouble == ""
    assert texts_in(state)[-1].startswith("199 ")


def test_numbers_of_files_do_not_end(state: Path) -> None:
    (state / "journal").mkdir(mode=0o700)
    (state / "journal" / "999999999999-20200101.rsj").touch()
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    assert texts_in(state) == ["one"]


def test_a_lock_that_others_hold_is_left_alone(state: Path) -> None:
    clocks = Wall()
    (state / "journal").mkdir(mode=0o700)
    with (state / "journal" / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        its = writing(clocks)
        write(its, clocks, "one")
        assert its.trouble


# Sums.


def test_each_hour_has_its_sums(state: Path) -> None:
    clocks = Wall(wall=WALL - 10)
    its = writing(clocks)
    for _ in range(3):
        world = World(POLICY, start=clocks.engine)
        for event in rounds_of(world, clocks.engine):
            its.put(event)
        its.look()
        clocks.go_on(3600)
    its.put(Ended(clocks.engine))
    its.hurry()
    its.look()
    sums = [e.record for e in entries_in(state) if isinstance(e.record, Summary)]
    assert len(sums) == 4  # three times from ten seconds before an hour to ten seconds after
    assert [s.since for s in sums[1:]] == [s.at for s in sums[:-1]]
    for each in sums:
        assert {h.uplink.name for h in each.heard} == {"a", "b"}
    written_rounds = [e.record for e in entries_in(state) if isinstance(e.record, Round)]
    assert sum(h.good + h.failed for s in sums for h in s.heard) == len(written_rounds)


def rounds_of(world: World, start: float) -> list[Round]:
    found: list[Round] = []
    world._overhear = lambda event: found.append(event) if isinstance(event, Round) else None
    world.run(start + 20)
    return found


# The observer.


async def until(true: Callable[[], bool]) -> None:
    with trio.fail_after(60):
        while not true():  # noqa: ASYNC110 - a thread writes
            await trio.sleep(0.005)


def start_of(rules: Policy) -> Start:
    links = tuple(World(rules).link_of(u.interface) for u in rules.uplinks)
    return Start(trio.current_time(), links, ())


async def test_all_that_happens_is_in_the_journal_when_the_engine_has_ended(state: Path) -> None:
    rules, other = POLICY, policy(uplink("a", 0), uplink("c", 2))
    recorder = Recorder(Written(rules, "first text"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run)
        start = start_of(rules)
        recorder.event(start)
        decision = Decision(start.at, next(iter(rules.families)), None, "a", Cause.START)
        recorder.output(decision)
        recorder.knows(Written(other, "second text"))
        recorder.event(Reload(start.at, other, ()))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    records = [e.record for e in entries_in(state)]
    first, began, told, decided, second, reloaded, ended = records
    assert isinstance(began, Began)
    assert isinstance(reloaded, Reloaded)
    assert first == PolicyText(began.policy, "first text")
    assert second == PolicyText(reloaded.policy, "second text")
    assert (told, decided) == (start, decision)
    assert isinstance(ended, Ended)
    assert abs(entries_in(state)[0].wall - time.time()) < 3600
    assert recorder.troubles == []


async def test_without_a_journal_nothing_is_written_until_a_policy_has_one(state: Path) -> None:
    without = replace(POLICY, journal=JournalKey(0))
    recorder = Recorder(Written(without, "without"), Written(POLICY, "with"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run)
        recorder.event(start_of(without))
        assert list(state.iterdir()) == []
        recorder.event(Reload(trio.current_time(), POLICY, ()))
        await until(lambda: (state / "journal").exists() and len(entries_in(state)) >= 3)
        recorder.event(Reload(trio.current_time(), without, ()))
        recorder.output(Notice(trio.current_time(), Level.INFO, "not written"))
        recorder.event(Reload(trio.current_time(), POLICY, ()))
        recorder.output(Notice(trio.current_time(), Level.INFO, "written"))
        nursery.cancel_scope.cancel()
    assert texts_in(state) == ["written"]
    assert sum(isinstance(e.record, Lost) for e in entries_in(state)) == 2


def test_the_time_in_which_it_is_switched_off_is_a_gap(state: Path) -> None:
    clocks = Wall()
    its = writing(clocks)
    write(its, clocks, "one")
    its.put(Reload(clocks.engine, replace(POLICY, journal=JournalKey(0)), ()))
    its.look()
    clocks.go_on(100.0)
    its.put(Reload(clocks.engine, POLICY, ()))
    write(its, clocks, "two")
    accountant = Accountant(WALL, WALL + 101.0, lambda _: POLICY)
    for entry in entries_in(state):
        accountant.take(entry)
    (gap,) = accountant.close().gaps
    assert gap.span == (WALL, WALL + 100.0)
    assert "switched off" in gap.reason


async def test_a_disk_that_hangs_holds_up_nothing_and_is_told(
    state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(recorder_module, "_PATIENCE", 0.0)
    monkeypatch.setattr(recorder_module, "_LOOK", 0.01)
    monkeypatch.setattr(recorder_module, "_LAST", 0.0)
    monkeypatch.setattr(os, "fdatasync", lambda _: hangs.wait(60))
    recorder = Recorder(Written(POLICY, "text"))
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(recorder.run)
            start = start_of(POLICY)
            recorder.event(start)
            recorder.output(Decision(start.at, next(iter(POLICY.families)), None, "a", Cause.START))
            await until(lambda: any("the disk hangs" in text for text in recorder.troubles))
            for _ in range(40_000):
                recorder.output(Notice(trio.current_time(), Level.INFO, "n"))
            await until(lambda: "the disk hangs" in caplog.text)
            nursery.cancel_scope.cancel()
    finally:
        hangs.set()
    assert caplog.text.count("the disk hangs") == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_fault_in_the_thread_is_told(
    state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder_module, "_LOOK", 0.01)
    monkeypatch.setattr(recorder_module, "_LAST", 0.0)
    recorder = Recorder(Written(POLICY, "text"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.run)
        recorder.event(start_of(POLICY))
        recorder.output(Notice(trio.current_time(), Level.INFO, object()))  # type: ignore[arg-type]
        recorder.event(Reload(trio.current_time(), POLICY, ()))
        await until(lambda: "what writes it has failed" in caplog.text)
        assert "what writes it has failed" in recorder.troubles[0]
        nursery.cancel_scope.cancel()
