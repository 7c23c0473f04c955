"""Times, files and damage, as a reader of a journal sees them."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.outputs import Decision, Level, Notice
from route_switcher.journal.folder import JournalFile, NoJournal, file_named, found
from route_switcher.journal.framing import FILE_HEADER_BYTES, file_header
from route_switcher.journal.reading import Journal
from route_switcher.journal.records import LeftOut, Record, Unread
from route_switcher.journal.replay import replay
from route_switcher.policy.load import load_text
from support.journalled import DAY, WALL, RecordedWorld, blocks_of, written
from support.world import policy

NOTICES: list[Record] = [Notice(1000.0 + n, Level.INFO, f"n{n}") for n in range(0, 100, 5)]
FIRST = Path(__file__).parent / "version-1.rsj"
"""What the first version wrote in ten minutes, with a failover: every later one must read it."""


def walls(folder: Path) -> dict[str, float]:
    """When each notice was."""
    entries = Journal(folder).entries()
    return {e.record.text: e.wall for e in entries if isinstance(e.record, Notice)}


def test_a_damaged_header_moves_no_other_time(tmp_path: Path) -> None:
    """It has the clocks, by which what was written before may have to be corrected."""
    blocks = blocks_of(NOTICES, size=1)
    whole = file_header(DAY) + b"".join(blocks)
    expected = {f"n{n}": WALL + n for n in range(0, 100, 5)}
    assert walls(written(tmp_path / "whole", whole)) == expected
    begin = FILE_HEADER_BYTES + sum(map(len, blocks[:3]))
    for place in range(begin, begin + 42):
        content = bytearray(whole)
        content[place] ^= 0x7F
        found = walls(written(tmp_path / f"at {place}", bytes(content)))
        assert found.items() <= expected.items()
        assert len(found) >= 3


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    """A reader then knows how long the engine was at work."""
    world = RecordedWorld(policy(), start=1000.0).run(1300.0)
    folder = written(tmp_path / "journal", file_header(DAY) + b"".join(blocks_of(world.records)))
    every = list(Journal(folder).entries())
    noteworthy = list(Journal(folder).entries(noteworthy=True))
    assert len(noteworthy) < len(every) / 2
    last = noteworthy[-1]
    assert isinstance(last.record, LeftOut)
    assert every[-1].wall - last.wall < 30


def test_only_the_files_of_the_time_and_those_just_before_are_read(tmp_path: Path) -> None:
    contents = []
    for day in range(5):
        notice = Notice(1000.0 + 86_400 * day, Level.INFO, f"n{day}")
        block = blocks_of([notice], at=notice.at, wall=WALL + 86_400 * day)[0]
        contents.append(file_header(DAY + day) + block)
    folder = written(tmp_path / "journal", *contents)
    since = WALL + 3 * 86_400
    found = [e.record for e in Journal(folder).entries(since)]
    assert [n.text for n in found if isinstance(n, Notice)] == ["n1", "n2", "n3", "n4"]
    until = list(Journal(folder).entries(since, since + 60))
    assert [n.record.text for n in until if isinstance(n.record, Notice)] == ["n1", "n2", "n3"]


def test_damage_is_counted_and_an_unfinished_block_is_none(tmp_path: Path) -> None:
    blocks = blocks_of(NOTICES, size=1)
    content = file_header(DAY) + blocks[0] + bytes(100) + b"".join(blocks[1:]) + blocks[0][:50]
    journal = Journal(written(tmp_path / "journal", content))
    assert len([e for e in journal.entries() if isinstance(e.record, Notice)]) == len(NOTICES)
    assert journal.damaged == 100


def test_a_file_that_is_dropped_meanwhile_is_no_matter(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", *(file_header(DAY) + b for b in blocks_of(NOTICES)))
    journal = Journal(folder)
    next(folder.iterdir()).unlink()
    list(journal.entries())


def test_what_is_no_journal_at_all_is_damage(tmp_path: Path) -> None:
    journal = Journal(written(tmp_path / "journal", b"x" * 1000))
    assert list(journal.entries()) == []
    assert journal.damaged == 1000


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))  # it may have 107 bytes


OTHERS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "socket": _socket,
    "link to nothing": lambda path: path.symlink_to("nothing"),
    "link without end": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_file_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """It neither hides the journal nor keeps the reader for ever."""
    folder = written(tmp_path / "journal", file_header(DAY) + b"".join(blocks_of(NOTICES)))
    monkeypatch.chdir(tmp_path)
    OTHERS[what](folder / JournalFile(2, DAY).name)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert found() == folder
    assert len(walls(folder)) == len(NOTICES)


def test_a_file_in_place_of_the_folder_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "journal").touch()
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    with pytest.raises(NoJournal, match=f"cannot be read: {tmp_path}/journal: Not a directory$"):
        found()


def test_a_number_of_other_digits_names_no_file() -> None:
    """Its name would be written otherwise, and not be found."""
    assert file_named("00000001-20261127.rsj") == JournalFile(1, 20261127)
    assert file_named("0000000\u0661-20261127.rsj") is None


def test_a_folder_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(NoJournal, match="the journal cannot be read"):
        Journal(tmp_path / "nowhere")


def test_what_the_first_version_wrote_is_read(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", FIRST.read_bytes())
    journal = Journal(folder)
    entries = list(journal.entries())
    assert journal.damaged == 0
    assert len(entries) > 1000
    assert not [e for e in entries if isinstance(e.record, Unread)]
    decisions = [e.record for e in entries if isinstance(e.record, Decision)]
    assert [(d.previous, d.selected, d.cause.name) for d in decisions] == [
        (None, "fibre", "START"),
        ("fibre", "lte", "FAILOVER"),
        ("lte", "fibre", "PREFERENCE"),
    ]
    steps = list(replay(entries, lambda text: load_text(text, "journal")))
    now = [o for step in steps for o in step.now if isinstance(o, Decision)]
    assert [(d.previous, d.selected) for d in now] == [(d.previous, d.selected) for d in decisions]
