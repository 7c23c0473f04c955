"""What is printed on a terminal fits its width; what is printed elsewhere is not folded."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.cli.folding import excerpts_within, fold
from support.terminal import all_of

ROOT = Path(__file__).parents[2]
COLOR = re.compile(r"\x1b\[[0-9;]*m")
BAD = """\
version: 1
uplinks:
  fibre: {interface: eth0, gateway: auto, wheight: 3}
  lte: {interface: wwan0, gateway: auto}
probes:
  internet: {type: icmp, targets: [8.8.8.8, 1.1.1.1], intervall: 3s, timeout: 10s, quorum: 3}
"""


def on_a_terminal(columns: int, *words: str) -> list[str]:
    """The lines that a command prints on a terminal of this width, without color."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environ = {k: v for k, v in os.environ.items() if k != "COLUMNS"} | {"TERM": "xterm"}
    command = [sys.executable, "-P", "-m", "route_switcher", *words]
    program = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        told = all_of(terminal)
    program.wait(60)
    return COLOR.sub("", told.decode()).splitlines()


@pytest.mark.parametrize("columns", [60, 80])
def test_problems_fit_the_terminal(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(BAD)
    told = on_a_terminal(columns, "validate", "p.yaml")
    assert [line for line in told if len(line) > columns] == []
    text = " ".join(" ".join(told).split())
    assert "hint: the keys known here: interface, gateway, families, metric, carrier," in text
    assert "error: 3 is more than there are IPv4 targets (2) [quorum-above-targets]" in text
    for line, below in pairwise(told):
        if set(below.strip()) == {"^"}:
            marked = line[below.index("^") : len(below)]
            assert marked in ("wheight", "intervall", "10s", "3")


def test_scenarios_fit_the_terminal() -> None:
    told = on_a_terminal(80, "test", str(ROOT / "policies" / "scenarios" / "dual-wan.yaml"))
    assert [line for line in told if len(line) > 80] == []
    assert sum(line.startswith("ok ") for line in told) > 5


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("command", ["doctor", "explain", "run", "simulate"])
def test_problems_on_standard_error_fit_the_terminal(
    command: str, columns: int, tmp_path: Path
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(BAD)
    told = on_a_terminal(columns, command, str(file))
    # A path may be longer than a line.
    assert [line for line in told if len(line) > columns and str(file) not in line] == []
    assert "error: unknown key 'wheight'" in " ".join(" ".join(told).split())


@pytest.mark.parametrize(
    "words",
    [
        ("history", "--since", "soon"),
        ("report", "--since", "soon"),
        ("switch", "a", "--for", "30"),
        ("drill", "a", "--for", "30"),
        ("schema", "nothing"),
        ("simulate", "dual-wan", "--duration", "1h"),
    ],
)
def test_what_a_command_says_fits_the_terminal(words: tuple[str, ...]) -> None:
    assert max(map(len, on_a_terminal(80, *words))) <= 80


def test_wrong_usage_fits_the_terminal() -> None:
    told = on_a_terminal(80, "restart")
    assert max(map(len, told)) <= 80
    assert " ".join(" ".join(told).split()).endswith("systemctl restart route-switcher")


def test_elsewhere_a_problem_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(BAD)
    told = subprocess.run(
        [sys.executable, "-P", "-m", "route_switcher", "validate", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout.splitlines()
    assert max(map(len, told)) > 80
    assert sum(": error: " in line and line.endswith("]") for line in told) == 4


def test_a_folded_line_goes_on_further_to_the_right() -> None:
    assert fold("  hint: write one two three", 16) == "  hint: write\n      one two\n      three"


def test_color_has_no_width() -> None:
    assert fold("\x1b[31;1merror\x1b[0m: bad", 10) == "\x1b[31;1merror\x1b[0m: bad"


def test_tabs_stay_above_their_carets() -> None:
    line, carets = "    a:\tb:\t" + "c" * 30, "      \t  \t" + "^" * 30
    cut, below = excerpts_within([line, carets], 40)
    assert (cut, below) == ("    " + "c" * 30, "    " + "^" * 30) or len(cut) == len(below) <= 40
    assert cut[below.index("^") :] == "c" * (len(cut) - below.index("^"))


@given(st.text("ab \x1b[0m", max_size=200), st.integers(1, 100))
def test_folding_loses_no_word(line: str, width: int) -> None:
    folded = fold(line, width)
    assert folded.split() == line.split()
