"""What a command line or a file holds is shown by a terminal, and never obeyed by it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.forked_commands import run_forked

PROGRAM = [sys.executable, "-P", "-m", "route_switcher"]
STRANGE = "x\x1b[2J\x9b\u202e\u200b\udcff\x7f\xe9.yaml"
SHOWN = "x\\x1b[2J\\x9b\\u202e\\u200b\\xff\\x7f\xe9.yaml"
POLICY = "version: 1\nuplinks: {primary: {interface: eth0, gateway: 192.168.1.1}}\n"

ASCII = """\
import sys
sys.stdout.reconfigure(encoding="ascii", errors="surrogateescape")
sys.stderr.reconfigure(encoding="ascii")
"""
"""As Python's start makes the streams of an ASCII terminal."""

NO_SUCH_FILE = [
    ["validate", STRANGE],
    ["explain", STRANGE],
    ["simulate", STRANGE],
    ["test", STRANGE],
    ["run", STRANGE],
]
WRONG_USAGE = [
    ["validate", "--format", STRANGE],
    ["validate", "--loss", STRANGE],
    ["simulate", "dual-wan", "--line", STRANGE],
    ["simulate", "dual-wan", "--seed", STRANGE],
    ["run", "--log-level", STRANGE],
    ["run", "dual-wan", f"--{STRANGE}"],
    ["run", "--primary-interface", STRANGE],
    ["run", "--primary-gateway", STRANGE],
    ["schema", STRANGE],
    ["completion", STRANGE],
    ["demo", "--fault", STRANGE],
    [STRANGE],
]


def shown(words: list[str], folder: Path, **environment: str) -> str:
    """All that the program says; it is to be printable, and no traceback."""
    done = subprocess.run(
        [*PROGRAM, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": "", **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return printable((done.stdout + done.stderr).decode())


def shown_by_a_fork(words: list[str], folder: Path, first: str = "") -> str:
    """The same of a program that finds its arguments as text, as Python's start has made it."""
    done = run_forked(words, folder=folder, first=first)
    return printable(done.stdout + done.stderr)


def printable(text: str) -> str:
    assert [line for line in text.split("\n") if not line.replace("\t", "").isprintable()] == []
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("words", NO_SUCH_FILE, ids=lambda words: words[0])
def test_a_file_name_is_shown_with_escapes(words: list[str], tmp_path: Path) -> None:
    assert SHOWN in shown_by_a_fork(words, tmp_path)


def test_python_makes_such_text_of_a_file_name(tmp_path: Path) -> None:
    assert SHOWN in shown(NO_SUCH_FILE[0], tmp_path)


@pytest.mark.parametrize("words", WRONG_USAGE, ids=lambda words: " ".join(words[:-1]))
def test_wrong_usage_is_shown_with_escapes(words: list[str], tmp_path: Path) -> None:
    assert shown_by_a_fork(words, tmp_path)


@pytest.mark.parametrize("words", NO_SUCH_FILE, ids=lambda words: words[0])
def test_an_ascii_terminal_gets_escapes_too(words: list[str], tmp_path: Path) -> None:
    assert shown_by_a_fork(words, tmp_path, ASCII).isascii()


def test_python_makes_such_streams_for_an_ascii_terminal(tmp_path: Path) -> None:
    given = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for words in NO_SUCH_FILE[:2]:  # one writes to standard output, the other to standard error
        assert shown(words, tmp_path, **given).isascii()
    streams = "import sys; print([(s.encoding, s.errors) for s in (sys.stdout, sys.stderr)])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", streams],
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[('ascii', 'surrogateescape'), ('ascii', 'backslashreplace')]\n"


@pytest.mark.parametrize("command", ["validate", "explain", "simulate"])
def test_a_policy_of_any_name_and_content(command: str, tmp_path: Path) -> None:
    (tmp_path / STRANGE).write_text(POLICY)
    more = ["--duration", "1h"] if command == "simulate" else []
    assert SHOWN in shown_by_a_fork([command, STRANGE, *more], tmp_path)
    content = POLICY.replace("eth0", '"e\u202e\x85"').replace("primary", "pri\u2066mary")
    (tmp_path / "odd.yaml").write_text(f"# \u202e comment\n{content}", "utf-8")
    shown_by_a_fork([command, "odd.yaml"], tmp_path)


def test_a_descriptor_that_cannot_be_written_is_no_traceback(tmp_path: Path) -> None:
    """How the interpreter ends is seen where something is in its buffers: on standard output."""
    for redirected in ("1</dev/null", "2</dev/null", "1</dev/null 2>&1", ">/dev/full 2>&1"):
        command = ["sh", "-c", f'"$@" {redirected}', "sh", *PROGRAM, "validate", "dual-wan"]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert b"Traceback" not in done.stdout + done.stderr
        assert done.returncode in (0, 1)
    with open(os.devnull) as unwritable, open("/dev/full", "w") as full:
        closed, no = unwritable.fileno(), full.fileno()
        for descriptors in ((closed, None), (None, closed), (closed, closed), (no, no)):
            for words in (["explain", "no-such"], ["run", "no-such"]):
                output, errors = descriptors
                forked = run_forked(words, output=output, errors=errors)
                assert "Traceback" not in forked.stdout + forked.stderr
                assert forked.returncode in (0, 1)


def test_what_is_closed_does_not_send_an_error_elsewhere(tmp_path: Path) -> None:
    command = ["sh", "-c", '"$@" 2>&-', "sh", *PROGRAM, "explain", "no-such"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
