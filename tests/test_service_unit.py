"""The example of a systemd unit."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "examples" / "route-switcher.service"
MOST = 2.0
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
    assert not [line for line in lines if line.startswith(("ProcSubset=", "ProtectKernelTun"))]
    (command,) = [line for line in lines if line.startswith("ExecStart=")]
    assert command.startswith("ExecStart=/usr/bin/env --block-signal=HUP,TERM,INT ")
