"""Engines that start at one instant: exactly one of them gets the lock."""

import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

TAKE = """
import os, sys
from route_switcher.kernel.host.lock import AlreadyRunning, Lock
while folder := sys.stdin.readline().strip():
    os.environ["RUNTIME_DIRECTORY"] = folder
    try:
        lock = Lock()
    except AlreadyRunning as error:
        print("refused", flush=True)
        sys.stdin.readline()
    else:
        print("held", *lock.notes, flush=True)
        sys.stdin.readline()
        lock.close()
    print("free", flush=True)
"""
ENGINES, TIMES = 3, 50


@pytest.mark.parametrize("shared", [True, False], ids=["one folder", "a folder each"])
def test_exactly_one_gets_the_lock(tmp_path: Path, shared: bool) -> None:
    """In folders that are still to be made; those that see different files have only the name."""
    command = [sys.executable, "-P", "-c", TAKE]
    pipe = subprocess.PIPE
    with ExitStack() as running:
        engines = [
            running.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            for _ in range(ENGINES)
        ]
        for engine in engines:
            running.callback(engine.kill)

        def all_hear(lines: list[str]) -> list[str]:
            for engine, line in zip(engines, lines, strict=True):
                assert engine.stdin is not None
                engine.stdin.write(f"{line}\n")
                engine.stdin.flush()
            return [e.stdout.readline().strip() for e in engines if e.stdout is not None]

        for time in range(TIMES):
            named = [tmp_path / f"{time}-{0 if shared else n}" for n in range(ENGINES)]
            answers = all_hear([str(folder) for folder in named])
            assert Counter(answers) == {"held": 1, "refused": ENGINES - 1}
            assert all_hear(["end"] * ENGINES) == ["free"] * ENGINES
