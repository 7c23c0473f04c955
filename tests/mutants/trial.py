"""A copy of the checkout in which mutants are tried, one after the other."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self

from mutants.changes import Mutant

_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "dist")
_PATIENCE = 4
"""A mutant that takes so many times as long as the tests without one never ends."""


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    HANGS = "hangs"
    SURVIVED = "survived"


class BrokenCheckout(Exception):  # noqa: N818 - a condition of the checkout, not an error
    """The tests fail without any mutant; the message is what they printed."""


@dataclass(slots=True)
class Trial:
    """Runs `tests` (paths, the likely first) in a copy of the checkout `top`, made in `folder`."""

    folder: Path
    tests: Sequence[str]
    seconds: float = 600.0
    """How long the tests may take."""

    @classmethod
    def begin(cls, top: Path, folder: Path, tests: Sequence[str]) -> Self:
        """Copy the checkout and run the tests once without a mutant. Raises `BrokenCheckout`."""
        shutil.copytree(top, folder, ignore=_LEFT_OUT, symlinks=True)
        trial = cls(folder, tests)
        began = time.monotonic()
        done = trial._run(tests)
        if done is None or done.returncode != 0:
            raise BrokenCheckout("they take too long" if done is None else done.stdout)
        trial.seconds = _PATIENCE * (time.monotonic() - began)
        return trial

    def judge(self, module: str, mutant: Mutant) -> Fate:
        """Put a mutant in the place of `module`, a path from the top, and run the tests."""
        file = self.folder / module
        original = file.read_bytes()
        shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)
        try:
            file.write_text(mutant.source, "utf-8")
            done = self._run(self._likely_first(file.stem))
        finally:
            file.write_bytes(original)
        if done is None:
            return Fate.HANGS
        return Fate.SURVIVED if done.returncode == 0 else Fate.KILLED

    def _likely_first(self, subject: str) -> list[str]:
        """The tests, those of the file that has the module's name before the others."""
        named = [
            str(path.relative_to(self.folder))
            for folder in self.tests
            for path in sorted((self.folder / folder).glob(f"test_*{subject}*.py"))
        ]
        return [*named, *self.tests]

    def _run(self, tests: Sequence[str]) -> subprocess.CompletedProcess[str] | None:
        """None: not in time."""
        # A mutant may be as long, and as old, as what was compiled before.
        # Options of the run that started this one are none of its own.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        environment = inherited | {
            "PYTHONPATH": str(self.folder / "engine"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        words = ["-P", "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
        try:
            return subprocess.run(
                [sys.executable, *words],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self.seconds,
            )
        except subprocess.TimeoutExpired:
            return None
