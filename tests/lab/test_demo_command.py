import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

STAND_IN = Path(__file__).with_name("stand_in.py")
OURS = {"STAND_IN_OF": str(os.getpid())}
"""Other processes run these tests at the same time."""

DRIVER = f"""
import functools, sys
from route_switcher.cli import main
from route_switcher.lab import demo

engine = [sys.executable, {str(STAND_IN)!r}, sys.argv[1]]
demo.run = functools.partial(demo.run, command=lambda policy: engine)
sys.exit(main(["demo", *sys.argv[2:]]))
"""

PATIENT = """
import sys
from route_switcher.cli import main
from route_switcher.lab import demo

demo._SELECTION = demo._FAILOVER = demo._FAIL_BACK = 100.0
sys.exit(main(["demo"]))
"""
"""The real engine, on a machine that may be busy."""


def start(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", DRIVER, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **OURS, **environment},
    )


def stand_ins() -> list[str]:
    """The processes of those that `start` has started. Others may have words of any bytes."""
    ours = "=".join(*OURS.items())
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text(errors="replace").split("\0")
            variables = (process / "environ").read_text(errors="replace").split("\0")
        except OSError:
            continue
        if words[1:2] == [str(STAND_IN)] and ours in variables:
            found.append(process.name)
    return found


def test_it_ends_with_a_table_and_0() -> None:
    with start("") as command:
        out, err = command.communicate(timeout=120)
    assert (command.returncode, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()[-3:]] == [
        "outage",
        "failover",
        "fail-back",
    ]
    assert "\x1b" not in out


def test_an_engine_that_fails_gives_1_and_its_last_lines() -> None:
    with start("dies") as command:
        out, err = command.communicate(timeout=120)
    assert (command.returncode, err) == (1, "")
    assert "It did not happen: the selection at the start: the engine ended" in out
    assert out.endswith("  the stand-in starts\n  no policy today\n")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_and_the_engine(
    eventually: Callable[[Callable[[], bool]], bool], sign: signal.Signals
) -> None:
    with start("") as command:
        assert command.stdout is not None
        while "traffic leaves through primary" not in command.stdout.readline():
            pass
        found: list[str] = []

        def alone() -> bool:
            """It may just be starting a program, and be there twice."""
            found[:] = stand_ins()
            return len(found) == 1

        assert eventually(alone)
        command.send_signal(sign)
        _, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (130, "")
    assert found[0] not in stand_ins()
    assert eventually(lambda: stand_ins() == [])


def test_even_a_kill_takes_the_engine_along(
    eventually: Callable[[Callable[[], bool]], bool], tmp_path: Path
) -> None:
    with start("", TMPDIR=str(tmp_path)) as command:
        assert command.stdout is not None
        while "traffic leaves through primary" not in command.stdout.readline():
            pass
        assert stand_ins()  # it may just be starting a program, and be there twice
        command.kill()
        command.wait(60)
    assert eventually(lambda: stand_ins() == [])


def test_a_missing_program_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    script = "from route_switcher.lab import sandbox; sandbox._ROOTS_PATH = '/nonexistent'\n"
    words = [sys.executable, "-P", "-c", script + DRIVER, ""]
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "route-switcher demo: ip is missing: apt install iproute2\n"


def test_without_a_sandbox_it_is_one_line_with_the_remedy() -> None:
    script = "from pathlib import Path; Path('/proc/sys/user/max_net_namespaces').write_text('0')\n"
    words = [sys.executable, "-P", "-c", script + DRIVER, ""]
    # In a user namespace of its own, so that its limit is its own too.
    words = ["unshare", "--user", "--map-root-user", *words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("route-switcher demo: no private network: unshare: No space")
    assert "Remedy: run as root" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.long
def test_the_real_engine_fails_over_and_back_and_runs_no_code_of_the_current_folder(
    tmp_path: Path,
) -> None:
    ran = tmp_path / "ran"
    for name in ("ip", "nft", "nsenter", "setpriv", "python3"):
        trap = tmp_path / name
        trap.write_text(f"#!/bin/sh\necho {name} >> {ran}\nexit 1\n")
        trap.chmod(0o755)
    for name in ("route_switcher", "trio", "yaml", "sitecustomize", "usercustomize", "logging"):
        (tmp_path / f"{name}.py").write_text(f"open({str(ran)!r}, 'a').write({name!r})\n")
    words = [sys.executable, "-P", "-c", PATIENT]
    environment = {**os.environ, "PATH": f":.:{os.environ['PATH']}:"}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=400
    )
    assert not ran.exists(), ran.read_text()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
