"""Files that others write are read without waiting."""

import os
from pathlib import Path

import pytest

from route_switcher.doctor.reading.files import beginning


def test_the_beginning_of_a_regular_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a\xff" * 100)
    assert beginning(file, 4) == "a\ufffda\ufffd"
    assert beginning(Path("/proc/self/comm")) != ""


def test_anything_else_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for file in (tmp_path / "pipe", tmp_path / "loop", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match=r"regular|directory|symbolic"):
            beginning(file)
