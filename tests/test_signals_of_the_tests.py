"""The tests may be started where signals are ignored: they and what they start take them anyway."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def test_signals_that_the_starter_ignores_are_taken() -> None:
    """As in the background of a script, or by nohup(1)."""
    program = "import conftest; print(open('/proc/self/status').read())"
    words = ["sh", "-c", "trap '' INT HUP QUIT TERM; exec \"$@\"", "sh"]
    done = subprocess.run(
        [*words, sys.executable, "-P", "-c", program],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=True,
        timeout=90,
    )
    ignored = int(done.stdout.partition("SigIgn:")[2].split()[0], 16)
    assert ignored & sum(1 << number - 1 for number in (1, 2, 3, 15)) == 0
