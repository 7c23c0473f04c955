"""A forked program is to the tests what one with an interpreter of its own is."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from route_switcher.lab.topology import Lab
from support.running import DEADLINE, ForkedEngine, Start, run_to_its_end
from support.started import started
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel

THE_SAME = ("env", "--")
"""Wrapped in nothing that changes it, a program has an interpreter of its own."""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version"], 0),
        (["validate", "ünsound.yaml"], 1),
        (["validate", "--nothing"], 2),
        (["status"], 1),
        (["schema", "policy"], 0),
    ],
    ids=["version", "unsound", "usage", "no engine", "schema"],
)
def test_it_says_the_same_and_ends_the_same(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ünsound.yaml").write_text("größe: 1\n", "utf-8")
    forked, own = (run_to_its_end(lab, *words, wrapped_in=by) for by in ((), THE_SAME))
    assert (forked.returncode, own.returncode) == (code, code)
    assert (forked.stdout, forked.stderr) == (own.stdout, own.stderr)


@pytest.mark.parametrize("wrapped_in", [(), THE_SAME])
def test_it_has_what_it_is_given_and_nothing_else(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrapped_in: Sequence[str]
) -> None:
    monkeypatch.setenv("ROUTE_SWITCHER_LOG", "nonsense")
    monkeypatch.setenv("INHERITED", "yes")
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_text(lab))
    with ForkedEngine(lab, str(policy), wrapped_in=wrapped_in, GIVEN="yes") as engine:
        engine.wait_for_health("primary", "secondary")
        process = Path(f"/proc/{engine.process.pid}")
        opened = {int(name) for name in os.listdir(process / "fd")}
        assert {0, 1, 2} <= opened <= set(range(32))
        for number in opened - {0, 1, 2}:
            with suppress(FileNotFoundError):  # it was closed just now, as no inherited pipe is
                assert not os.readlink(process / "fd" / str(number)).startswith("pipe:")
        assert os.readlink(process / "fd" / "0") == os.devnull
        with lab.inside("router"):
            network = os.readlink("/proc/thread-self/ns/net")
        assert os.readlink(process / "ns" / "net") == network
        assert engine.end(signal.SIGKILL) == -signal.SIGKILL
        if not wrapped_in:
            os.kill(engine.process.pid, 0)  # nobody gets its number while it may be sent a signal


BROKEN = """\
from route_switcher.cli import run
def broken(*_):
    raise RuntimeError("broken")
run._execute = broken
"""


def test_a_traceback_is_written_before_it_ends(lab: Lab, tmp_path: Path) -> None:
    """Otherwise no test would see the fault."""
    log = tmp_path / "log"
    assert started(lab, log, "run", first=BROKEN).wait(DEADLINE) == 1
    assert log.read_text().endswith("RuntimeError: broken\n")


def test_an_engine_that_a_test_has_stopped_ends_all_the_same(lab: Lab, start: Start) -> None:
    """Otherwise a test that fails meanwhile would wait for it, and not say why it failed."""
    engine = start(policy_text(lab))
    engine.wait_for_health("primary", "secondary")
    engine.send(signal.SIGSTOP)
    engine.__exit__(None, None, None)
    assert engine.process.returncode == 0
