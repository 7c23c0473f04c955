"""Python in a private network: with this `pytest -n` starts its workers (see conftest.py).

A worker has threads before pytest is configured in it, and then it is too late to enter.
"""

import os
import sys

from route_switcher.lab import sandbox

REFUSAL = "ROUTE_SWITCHER_TEST_SANDBOX_REFUSAL"
"""The environment variable that tells the worker why it has no private network; else empty."""

if __name__ == "__main__":
    try:
        sandbox.enter()
        os.environ[REFUSAL] = ""
    except sandbox.SandboxUnavailable as error:
        os.environ[REFUSAL] = str(error)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
