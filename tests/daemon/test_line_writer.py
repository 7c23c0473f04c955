"""The writer of lines on real descriptors that take nothing, or not everything."""

import os
import resource
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from route_switcher.daemon.line_writer import WAITING_BYTES, WAITING_LINES, LineStream, LineWriter

SOON = 90.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def told(count: int, since: float) -> str:
    return f"lost {count}\n"


def fill(writing: int) -> int:
    """Fill a pipe; how many bytes that took."""
    os.set_blocking(writing, False)
    filled = 0
    try:
        while True:
            filled += os.write(writing, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
        return filled


def read(reading: int, until: Callable[[bytes], bool]) -> bytes:
    """What comes, up to where `until` holds of all of it."""
    data = b""
    while not until(data):
        assert select.select([reading], [], [], SOON)[0], data[-200:]
        data += os.read(reading, 65536)
    return data


def test_lines_come_out_whole_and_in_order(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = LineWriter(writing, told)
    lines = [b"%d %s\n" % (number, b"x" * (number % 300)) for number in range(1000)]
    for line in lines:
        writer.put(line)
    assert read(reading, lambda data: data.endswith(lines[-1])) == b"".join(lines)


def test_who_writes_never_waits_and_what_is_lost_is_counted_where_it_is_missing(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    filled = fill(writing)
    writer = LineWriter(writing, told)
    # Twice as many as may wait, for the writer may take a batch before the rest comes.
    for number in range(2 * WAITING_LINES):
        writer.put(b"%d\n" % number)
    data = read(reading, lambda data: b"lost" in data and data.endswith(b"\n"))[filled:]
    *kept, lost = data.decode().splitlines()
    assert kept == [str(number) for number in range(len(kept))]
    assert len(kept) >= WAITING_LINES
    assert lost == f"lost {2 * WAITING_LINES - len(kept)}"
    writer.put(b"afterwards\n")
    assert read(reading, lambda data: data.endswith(b"\n")) == b"afterwards\n"


def test_what_waits_is_bounded_in_bytes(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    filled = fill(writing)
    writer = LineWriter(writing, told)
    line = b"x" * 10_000 + b"\n"
    for _ in range(1000):
        writer.put(line)
    writer.put(b"y" * 2 * WAITING_BYTES + b"\n")
    data = read(reading, lambda data: b"lost" in data and data.endswith(b"\n"))
    assert len(data) - filled <= WAITING_BYTES + 2 * len(line)


def test_draining_waits_for_a_reader_but_not_for_ever(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    filled = fill(writing)
    writer = LineWriter(writing, told)
    writer.put(b"last words\n")
    writer.drain(0.01)
    reader = threading.Thread(target=read, args=(reading, lambda data: len(data) > filled))
    reader.start()
    writer.drain(SOON)
    reader.join(SOON)
    assert not reader.is_alive()


def test_a_descriptor_that_somebody_else_made_non_blocking_loses_nothing(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    filled = fill(writing)
    os.set_blocking(writing, False)
    writer = LineWriter(writing, told)
    lines = b"".join(b"%d\n" % number for number in range(20_000))
    writer.put(lines)
    assert read(reading, lambda data: len(data) >= filled + len(lines))[filled:] == lines


def test_a_line_cut_by_a_limit_is_finished_before_the_next_one(tmp_path: Path) -> None:
    """RLIMIT_FSIZE cuts a write as a full disk does (EFBIG instead of ENOSPC)."""
    file = tmp_path / "log"
    failed = threading.Event()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with file.open("wb") as stream:
        writer = LineWriter(stream.fileno(), told, lambda _: failed.set())
        resource.setrlimit(resource.RLIMIT_FSIZE, (15, hard))
        try:
            writer.put(b"0123456789\nabcdefghi\n")
            assert failed.wait(SOON)
            assert file.read_bytes() == b"0123456789\nabcd"
            for _ in range(WAITING_LINES + 1):
                writer.put(b"more\n")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.drain(SOON)
    lines = file.read_text().splitlines()
    assert lines == ["0123456789", "abcdefghi", *["more"] * WAITING_LINES, "lost 1"]


def test_the_next_reader_of_a_fifo_goes_on_where_the_one_before_went(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    first = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writing = os.open(fifo, os.O_WRONLY)
    failed = threading.Event()
    writer = LineWriter(writing, told, lambda _: failed.set())
    line = b"x" * 200_000 + b"\n"
    writer.put(line)
    assert select.select([first], [], [], SOON)[0]
    os.read(first, 10)
    os.close(first)
    assert failed.wait(SOON)
    second = os.open(fifo, os.O_RDONLY)
    writer.put(b"next\n")
    assert read(second, lambda data: data.endswith(b"next\n")) == line[10:] + b"next\n"
    os.close(second)
    os.close(writing)


def test_a_stream_of_lines_joins_pieces_and_shows_what_a_terminal_would_obey(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    stream = LineStream(LineWriter(writing, told), "ascii")
    print("a", "\x1b[2J\u202e", "\udcff\xe9", file=stream)
    stream.write("no end\tyet")
    stream.write(", now\n")
    assert read(reading, lambda data: data.count(b"\n") == 2) == (
        b"a \\x1b[2J\\u202e \\xff\\xe9\nno end\tyet, now\n"
    )
