"""The example of a systemd unit."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "examples" / "route-switcher.service"
PAGE = Path(__file__).parents[1] / "docs" / "service.md"
MOST = 1.8
"""The exposure that `systemd-analyze security` may find, of 10."""


def test_the_unit_is_well_confined() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing (package systemd)")
    words = ["systemd-analyze", "security", "--no-pager", "--offline=true", str(UNIT)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    if found is None:
        pytest.skip(f"it cannot judge a file here: {done.stderr.strip()}")
    assert float(found[1]) <= MOST, done.stdout


def test_what_must_not_be_hidden_from_it_is_not() -> None:
    lines = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    assert not [line for line in lines if line.startswith(("ProcSubset=", "PrivateUsers="))]
    (command,) = [line for line in lines if line.startswith("ExecStart=")]
    assert command.startswith("ExecStart=/usr/bin/env --block-signal=HUP,TERM,INT ")


def test_the_page_has_a_row_for_each_line_of_the_unit_and_for_no_other() -> None:
    _, service = UNIT.read_text("utf-8").split("[Service]\n")
    lines = re.findall(r"^(\w+)=", service.partition("[Install]")[0], re.MULTILINE)
    written = PAGE.read_text("utf-8").partition("## What is left out")[0]
    cells = re.findall(r"^\| (`\w+=`.*?) \|", written, re.MULTILINE)
    rows = [name for cell in cells for name in re.findall(r"`(\w+)=`", cell)]
    assert len(rows) == len(set(rows))
    assert set(rows) == set(lines)


def test_what_the_page_says_is_left_out_is_not_in_the_unit() -> None:
    left_out = PAGE.read_text("utf-8").partition("## What is left out")[2]
    rows = re.findall(r"^\| `(\w+=)\w+` \|", left_out, re.MULTILINE)
    lines = UNIT.read_text("utf-8").splitlines()
    assert "ProcSubset=" in rows
    assert not [line for line in lines if line.startswith(tuple(rows))]
