"""The command line as a process: signals, pipes, full disks, and what it imports."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from route_switcher import __version__

PROGRAM = [sys.executable, "-P", "-m", "route_switcher"]
MINIMAL = str(Path(__file__).parents[2] / "examples" / "minimal.yaml")


def run(*arguments: str, **keywords: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | keywords,
    )


@pytest.fixture
def long_output(tmp_path: Path) -> list[str]:
    """Policies whose problems fill more than any pipe holds."""
    file = tmp_path / "long.yaml"
    file.write_text("".join(f"key{i}: 1\n" for i in range(200)), "utf-8")
    return [str(file)] * 20


def test_version_and_help_import_no_command() -> None:
    program = (
        "import sys\n"
        "from route_switcher.cli import main\n"
        "try: main([sys.argv[1]])\n"
        "except SystemExit as end: assert not end.code\n"
        "ours = [n for n in sys.modules if n.startswith('route_switcher.')]\n"
        "print(*ours, *({'trio', 'pyroute2.netlink', 'yaml', 'jsonschema'} & set(sys.modules)))\n"
    )
    for argument, expected in (("--version", __version__), ("--help", "validate")):
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, argument],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert expected in done.stdout
        streams = {"route_switcher.cli.streams", "route_switcher.printable"}
        assert set(done.stdout.splitlines()[-1].split()) == {"route_switcher.cli", *streams}


def test_a_reader_that_goes_away_causes_no_traceback(long_output: list[str]) -> None:
    with subprocess.Popen(
        [*PROGRAM, "validate", *long_output], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 128 + signal.SIGPIPE


@pytest.mark.parametrize("short", [True, False])
def test_a_full_disk_is_told_in_words(long_output: list[str], short: bool) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "validate", *(["dual-wan"] if short else long_output)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        1,
        "route-switcher: cannot write: No space left on device\n",
    )


def test_an_interrupt_ends_without_a_traceback() -> None:
    with subprocess.Popen(
        [*PROGRAM, "validate", "/dev/stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        # Python notices a signal between two of its steps, or in a call that waits: this one must.
        asleep_in = Path(f"/proc/{process.pid}/wchan")
        end = time.monotonic() + 60
        while "pipe_read" not in asleep_in.read_text():
            assert time.monotonic() < end
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.communicate() == (b"", b"")


def test_a_terminal_that_lacks_a_character_gets_it_escaped(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("größe: 1\n", "utf-8")
    done = run("validate", str(file), PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "unknown key 'gr\\xf6\\xdfe'" in done.stdout


def test_a_closed_output_is_no_failure() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *PROGRAM, "validate", "dual-wan"],
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_policy_may_come_through_a_pipe() -> None:
    done = subprocess.run(
        [*PROGRAM, "validate", "/dev/stdin"],
        input="version: 1\nuplinks: {a: {interface: eth0, gateway: fe80::1}}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("/dev/stdin: fine (1 uplink, 1 probe, 2 rules)\n")


def test_validate_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys\n"
        "from route_switcher.cli import main\n"
        f"assert main(['validate', {MINIMAL!r}]) == 0\n"
        "unneeded = {'trio', 'pyroute2.netlink', 'icmplib', 'asyncio'}\n"
        "unneeded.add('route_switcher.virtual.world')\n"
        "print(unneeded & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "set()"
