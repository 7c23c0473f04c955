"""Try mutants of the core and the policy, and print those that no test notices.

    python -P -m mutants [--seed N] [--seconds N] [MODULE …]

A mutant is one small change of one module: a comparison turned, `and` for `or`, a statement left
out. The tests of its package run against it in a copy of the checkout. Which mutants are tried,
and in which order, follows from the seed. One that survives shows a missing test, or is equivalent:
it changes nothing that can be seen.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from random import Random

from mutants.changes import Mutant, mutants
from mutants.trial import BrokenCheckout, Fate, Trial

TOP = Path(__file__).parents[2]
ENGINE = "engine/route_switcher"
PACKAGES = ("core", "policy")
AT_ONCE = 2


def modules(named: list[str]) -> list[str]:
    """The modules to change, by their paths from the top: those that are named, or all."""
    files = [file for package in PACKAGES for file in (TOP / ENGINE / package).rglob("*.py")]
    paths = sorted(str(file.relative_to(TOP)) for file in files)
    return [path for path in paths if not named or path.removeprefix(f"{ENGINE}/") in named]


def trials(package: str, folder: Path) -> Iterator[Trial]:
    """As many as are used at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(
            lambda number: Trial.begin(TOP, folder / f"{package}-{number}", [f"tests/{package}"]),
            range(AT_ONCE),
        )


def sample(named: list[str], seed: int) -> list[tuple[str, Mutant]]:
    """All mutants of the modules, in the order in which they are tried."""
    found = [(path, m) for path in modules(named) for m in mutants((TOP / path).read_text("utf-8"))]
    Random(seed).shuffle(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -P -m mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which mutants; 1 unless said")
    parser.add_argument("--seconds", type=float, default=600, help="how long; 600 unless said")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as core/engine.py")
    words = parser.parse_args()
    end = time.monotonic() + words.seconds
    found = sample(words.modules, words.seed)
    if not found:
        parser.error("no such module")
    with tempfile.TemporaryDirectory(prefix="route-switcher-mutants-") as folder:
        free = {package: SimpleQueue[Trial]() for package in PACKAGES}
        try:
            for package in {package_of(path) for path, _ in found}:
                for trial in trials(package, Path(folder)):
                    free[package].put(trial)
        except BrokenCheckout as error:
            sys.exit(f"{error}\nthe tests fail without a mutant: mend them first")

        def judge(path: str, mutant: Mutant) -> Fate | None:
            if time.monotonic() > end:
                return None
            waiting = free[package_of(path)]
            trial = waiting.get()
            try:
                fate = trial.judge(path, mutant)
            finally:
                waiting.put(trial)
            if fate is Fate.SURVIVED:
                tell(f"{path}:{mutant.line}: {mutant.before}  ->  {mutant.after}")
            return fate

        with ThreadPoolExecutor(AT_ONCE) as pool:
            fates = Counter(pool.map(judge, *zip(*found, strict=True)))
    del fates[None]
    counts = ", ".join(f"{fates[fate]} {fate.value}" for fate in Fate)
    tell(f"{fates.total()} of {len(found)} mutants tried with seed {words.seed}: {counts}")


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def package_of(path: str) -> str:
    """The package of a module."""
    return Path(path).parent.name


if __name__ == "__main__":
    main()
