"""A signal that comes while the program is still being imported."""

import os
import signal
import subprocess
import sys

import pytest

ENTRY = """
import os, signal, sys

class Trap:
    def find_spec(self, name, path, target=None):
        if name == "route_switcher.cli":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), int(os.environ["SENT"]))

sys.meta_path.insert(0, Trap())
from route_switcher.__main__ import main
sys.exit(main())
"""


def ran(number: signal.Signals, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", ENTRY, *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SENT": str(int(number))},
    )


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_run_holds_its_signals_back_before_it_imports_anything(number: signal.Signals) -> None:
    done = ran(number, "run", "/nonexistent.yaml")
    assert done.returncode == 1
    assert done.stderr.startswith("/nonexistent.yaml: error: cannot read the policy")


def test_ctrl_c_during_the_imports_of_another_command_is_no_traceback() -> None:
    done = ran(signal.SIGINT, "validate", "/nonexistent.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
