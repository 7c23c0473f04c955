"""What is written into a journal is read from it, whatever has happened to the file."""

import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.events import Answer, Event, LinkState, Reload, Round
from route_switcher.core.vocabulary.orders import Release
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal import classes, framing, values
from route_switcher.journal.decoding import Decoder
from route_switcher.journal.encoding import OBJECT_RECORD, Encoder, grid_for
from route_switcher.journal.folder import JournalFile
from route_switcher.journal.framing import (
    BEGINS_CHAPTER,
    BLOCK_MAGIC,
    FILE_HEADER_BYTES,
    MAJOR,
    Block,
    Blocks,
    LaterVersion,
    file_header,
    pack_block,
)
from route_switcher.journal.numbers import Damaged, varint
from route_switcher.journal.reading import Journal
from route_switcher.journal.records import OWN_RECORDS, Record, Reloaded, Unread
from route_switcher.journal.rounds import ROUND
from route_switcher.journal.values import Opaque, ValueReader, ValueWriter
from support.journalled import DAY, blocks_of, content_of, cut_everywhere, records_in, same, written
from support.made_up import made_up
from support.pinging import target

KINDS = (*get_args(Event), *get_args(Output), *OWN_RECORDS)
UPLINK = UplinkId("fibre", Family.IPV4)
TARGET = target("203.0.113.1")


def a_round(at: float, rtt: float | None = 0.02, **parts: Any) -> Round:
    """A round of one target."""
    outcome = RoundOutcome.GOOD if rtt is not None else RoundOutcome.FAILED
    answer = Answer(TARGET, rtt, "" if rtt is not None else "no answer within 1 s")
    return Round(at + (rtt or 1.0), UPLINK, "internet", at, outcome, (answer,), **parts)


@pytest.mark.parametrize("kind", [k for k in KINDS if k is not Reload], ids=lambda k: k.__name__)
def test_every_event_and_every_output_is_read_as_it_was_written(kind: type[Any]) -> None:
    random = Random(1)
    for _ in range(60):
        made = [made_up(kind, random) for _ in range(3)]
        found = records_in(content_of(made))
        assert len(found) == len(made)
        assert all(map(same, found, made))


def test_every_event_has_its_form_in_the_journal() -> None:
    assert {*classes.event_classes(), Reload} == set(get_args(Event))
    # A reload is written with the digest of the policy, and all else that the event has.
    assert set(Reloaded.__slots__) == set(Reload.__slots__)


TIME = st.floats(10_000, 2_000_000)


@given(TIME, st.lists(st.tuples(st.floats(0, 9), st.floats(0, 2), st.floats(0, 1)), max_size=30))
def test_times_of_the_clock_are_exact_and_short(
    began: float, steps: list[tuple[float, float, float]]
) -> None:
    rounds, at = [], began
    for until_next, rtt, told in steps:
        at += until_next
        arrived = at + rtt
        rounds.append(
            Round(
                arrived + told,
                UPLINK,
                "internet",
                at,
                RoundOutcome.GOOD,
                (Answer(TARGET, arrived - at),),
            )
        )
    blocks = blocks_of(rounds, at=began, size=1 << 20)
    assert records_in(file_header(DAY) + b"".join(blocks)) == rounds
    # Five or six bytes for each of the three times.
    assert sum(map(len, blocks)) < 400 + 21 * len(rounds)


def test_strange_names_are_kept() -> None:
    names = ["wan\udcff", "", "ñ", "x" * 300]
    records = [Release(1.0, name) for name in names]
    assert records_in(content_of(records)) == records
    link = LinkState("e0", addresses=frozenset({ip_address("fe80::1%e0"), ip_address("::1")}))
    assert ValueReader().read(ValueWriter().write(link), 0)[0] == link


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        ValueWriter().write(object())


# Damage.

MANY: list[Record] = [
    record
    for at in range(1000, 1060, 3)
    for record in (
        a_round(float(at)),
        a_round(at + 1.0, None),
        Notice(at + 2.0, Level.INFO, f"notice {at}"),
    )
]


def is_part(found: Sequence[Record], whole: Sequence[Record]) -> bool:
    """Whether `found` are records of `whole`, in that order."""
    left = iter(whole)
    return all(record in left for record in found)


def test_a_power_cut_at_any_byte_costs_no_more_than_the_block() -> None:
    blocks = blocks_of(MANY, size=100)
    content = file_header(DAY) + b"".join(blocks)
    ends = [FILE_HEADER_BYTES]
    for block in blocks:
        ends.append(ends[-1] + len(block))
    read = {end: records_in(content[:end]) for end in (0, *ends)}
    last = Notice(2000.0, Level.INFO, "after")
    (later,) = blocks_of([last])
    for length, cut in cut_everywhere(content):
        whole = max((end for end in ends if end <= length), default=0)
        assert records_in(cut) == read[whole]
        # What an engine writes after that is read, though a torn block stands before it.
        assert records_in(cut + later) == [*read[whole], last]


@pytest.mark.parametrize("harm", [b"\x00", b"\xff", BLOCK_MAGIC], ids=["zeros", "ones", "magic"])
def test_a_bad_byte_costs_no_more_than_the_rest_of_its_chapter(harm: bytes) -> None:
    blocks = [*blocks_of(MANY, size=100), *blocks_of(MANY, size=100, at=5000.0)]
    content = file_header(DAY) + b"".join(blocks)
    second = len(records_in(content_of(MANY, at=5000.0)))
    for at in range(0, len(content), 3):
        found = records_in(content[:at] + harm + content[at + len(harm) :])
        known = [record for record in found if not isinstance(record, Unread)]
        assert is_part(known, MANY + MANY)
        assert len(known) >= second - 20
    assert records_in(content) == MANY + MANY


def test_zeros_that_a_power_cut_left_are_left_out() -> None:
    blocks = blocks_of(MANY, size=100)
    content = file_header(DAY) + blocks[0] + bytes(4096) + b"".join(blocks[1:])
    assert records_in(content) == MANY
    found = Blocks(content)
    assert len(list(found)) == len(blocks)
    assert found.damaged == 4096


def test_without_a_lost_block_nothing_is_taken_for_something_else() -> None:
    """Names are numbers in later blocks: without what defines them they are not read."""
    first, *others = blocks_of(MANY, size=100)
    found = records_in(file_header(DAY) + others[0] + others[1])
    assert found == [Unread(), Unread()]
    chapter = Encoder(8, grid_for(1000.0))
    chapter.begin(1000.0, 0.0, 0.0)
    chapter.add(MANY[0])
    assert records_in(first + others[1] + chapter.finish())[-1] == MANY[0]


@given(st.binary(max_size=300), st.integers(0, 255), st.integers(0, 255))
def test_no_content_raises(records: bytes, flags: int, grid: int) -> None:
    """Also with a right checksum: somebody may have made it so."""
    block = pack_block(Block(1, 0, flags | BEGINS_CHAPTER, grid, 1000.0, 0, 0.0, records))
    list(records_in(block))
    list(records_in(records + block))


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1.0, 1e300])
def test_no_time_raises(at: float) -> None:
    list(records_in(pack_block(Block(1, 0, 1, 40, at, 0, 0.0, bytes((ROUND, 0, 0x11, 1, 1))))))


@given(st.binary(max_size=200))
def test_no_bytes_make_a_value_reader_raise_anything_but_damaged(data: bytes) -> None:
    with suppress(Damaged):
        ValueReader().read(data, 0)


def test_values_without_an_end_are_damage() -> None:
    for tag in (values.TUPLE, values.SET, values.MAPPING, values.OBJECT, values.ENUM):
        with pytest.raises(Damaged):
            ValueReader().read(bytes([tag, 1]) * 5000, 0)
    with pytest.raises(Damaged):
        ValueReader().read(bytes([values.INT]) + b"\xff" * 5000, 0)


# Other versions.


@dataclass(frozen=True)
class Later:
    """A class of a later version."""

    at: float
    words: str


def by_a_later_version(monkeypatch: pytest.MonkeyPatch, *records: Any) -> bytes:
    """The content that a program would write that has a class `Later`, too."""
    with monkeypatch.context() as patch:
        later = classes.Kind("Later", Later, ("at", "words"))
        patch.setattr(values, "kinds", lambda: {**classes.kinds(), "Later": later})
        return content_of(records)


def test_a_class_of_a_later_version_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = Release(1000.0, "fibre"), Release(1002.0, "lte")
    content = by_a_later_version(monkeypatch, before, Later(1001.0, "lte"), after)
    assert records_in(content) == [before, Unread(), after]


def test_a_kind_of_record_of_a_later_version_is_left_out() -> None:
    encoder = Encoder(1, 40)
    encoder.begin(1000.0, 0.0, 0.0)
    encoder.add(MANY[0])
    encoder._add(0x17, b"whatever")
    encoder.add(MANY[2])
    assert records_in(encoder.finish()) == [MANY[0], Unread(), MANY[2]]


def shaped(shape: tuple[str, ...], *parts: Any) -> list[Record]:
    """What is read of an object of this class and fields."""
    its = ValueWriter()
    content = bytes([values.OBJECT]) + its.write(shape) + b"".join(map(its.write, parts))
    record = bytes([OBJECT_RECORD]) + varint(len(content)) + content
    return records_in(pack_block(Block(1, 0, BEGINS_CHAPTER, 40, 1000.0, 0, 0.0, record)))


def test_fields_may_come_go_and_change_places() -> None:
    read = Release(1.0, "fibre")
    assert shaped(("Release", "uplink", "at", "new"), "fibre", 1.0, "whatever") == [read]
    assert shaped(("Release", "at", "uplink"), 1.0, "fibre") == [read]
    # Without a value there is no event.
    assert shaped(("Release", "at"), 1.0) == [Unread()]
    assert shaped(("NoSuchClass", "at"), 1.0) == [Unread()]
    assert shaped(("Policy", "uplinks"), ()) == [Unread()]


def test_what_was_called_otherwise_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    former = {"Undo": "Release", "Undo.line": "uplink"}
    monkeypatch.setattr(values, "FORMER", former)
    assert shaped(("Undo", "at", "line"), 1.0, "fibre") == [Release(1.0, "fibre")]


def test_a_member_of_a_later_version_makes_its_record_unread() -> None:
    its = ValueWriter().write(Family.IPV4)
    read, _ = ValueReader().read(its.replace(b"IPV4", b"IPV9"), 0)
    assert read == Opaque("Family.IPV9")
    decision = ("Decision", "at", "family", "previous", "selected", "cause")
    with_later = ValueWriter()
    assert shaped(decision, 1.0, Family.IPV4, None, "a", "no cause") != [Unread()]
    assert with_later.write(read.name)


def header(major: int, minor: int) -> bytes:
    """How a file of this version begins."""
    content = struct.pack("<8sHHI", framing.FILE_MAGIC, major, minor, DAY)
    return content + struct.pack("<I", zlib.crc32(content))


def test_a_later_minor_version_is_read(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", header(MAJOR, 9) + blocks_of(MANY[:1])[0])
    assert [entry.record for entry in Journal(folder).entries()] == MANY[:1]


def test_a_later_major_version_is_refused_in_words(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", content_of(MANY), header(MAJOR + 1, 3))
    with pytest.raises(LaterVersion, match=r"a later version .*format 2\.3; this one reads 1"):
        list(Journal(folder).entries())


def test_other_files_in_the_folder_are_no_matter(tmp_path: Path) -> None:
    folder = written(tmp_path / "journal", content_of(MANY))
    (folder / "notes.txt").write_text("mine")
    (folder / "00000009-20261128.rsj.gz").write_bytes(b"")
    (folder / JournalFile(9, DAY + 1).name).write_bytes(b"")
    assert [entry.record for entry in Journal(folder).entries()] == MANY


def test_the_number_of_a_block_begins_again_after_the_last() -> None:
    encoder = Encoder(1, 40)
    encoder._number = 0xFFFFFFFF
    content = b""
    for record in MANY[:4]:
        encoder.begin(1000.0, 0.0, 0.0)
        encoder.add(record)
        content += encoder.finish()
    assert records_in(content) == MANY[:4]


def test_a_chapter_ends_and_another_begins() -> None:
    many = [a_round(1000.0 + number, reason=f"reason {number}") for number in range(9000)]
    blocks = blocks_of(many, size=2000)
    begins = [block.begins_chapter for block in Blocks(b"".join(blocks))]
    assert 2 <= sum(begins) < len(begins) / 2
    assert records_in(file_header(DAY) + b"".join(blocks)) == many
    # One that is lost costs its chapter, and no more.
    left = file_header(DAY) + b"".join(blocks[:1] + blocks[2:])
    second = begins.index(True, 1)
    after = sum(1 for block in Blocks(b"".join(blocks[:second])) for _ in Decoder().records(block))
    assert len(records_in(left)) >= len(many) - len(many) * second // len(blocks) - after
