"""Coverage-guided fuzzing with atheris, which the dependency group `fuzz` brings.

    python tests/fuzz policy_text -max_total_time=60

The words that begin with '-' are libFuzzer's (llvm.org/docs/LibFuzzer.html). What was found worth
keeping stands in `.fuzz/TARGET`, from where the next run goes on. An input that is answered with
anything undocumented, or not within two seconds of processor time, ends the run with a traceback
and is kept as `.fuzz/TARGET-crash-…`; `python tests/fuzz TARGET FILE` tries it again.
"""

import importlib
import sys
from hashlib import sha1
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import trio

TESTS = Path(__file__).resolve().parents[1]
sys.path[0] = str(TESTS)

from fuzz.target import Target  # noqa: E402 (found only from here on)
from route_switcher.lab import sandbox  # noqa: E402

TARGETS = tuple(
    sorted(p.stem for p in Path(__file__).parent.glob("*.py") if "TARGET = " in p.read_text())
)
INSTRUMENTED = ["route_switcher", "fuzz", "yaml", "icmplib", "h11", "pyroute2.netlink"]
TOO_LONG = 2.0
"""Seconds of processor time, instrumented: several times what it takes otherwise."""

HANGS = 20
"""Seconds after which libFuzzer ends an input that does not end by itself."""


class TooSlow(Exception):  # noqa: N818 - a finding, not an error
    """An input kept the code busy."""


async def fuzz(name: str, flags: list[str]) -> None:
    """Does not return: libFuzzer ends the process."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=INSTRUMENTED):
        target: Target = importlib.import_module(f"fuzz.{name}").TARGET

    def attack(data: bytes) -> None:
        began = process_time()
        target.attack(data)
        if (took := process_time() - began) > TOO_LONG:
            raise TooSlow(f"{took:.1f} s for {len(data)} bytes")

    def mutated(data: bytes, largest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            changed: bytes = atheris.Mutate(data, largest)
            return changed
        return target.mutated(data, random)[:largest]

    kept = Path(".fuzz") / name
    kept.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (kept / sha1(seed).hexdigest()).write_bytes(seed)
    words = kept.with_suffix(".words")
    words.write_bytes(b"".join(map(_dictionary_line, target.words)))
    inputs = [] if any(not flag.startswith("-") for flag in flags) else [str(kept)]
    options = [
        *(f"-dict={words}", f"-max_len={target.largest}", f"-artifact_prefix={kept}-"),
        f"-timeout={HANGS}",
    ]
    atheris.Setup([sys.argv[0], *options, *flags, *inputs], attack, custom_mutator=mutated)
    atheris.Fuzz()


def _dictionary_line(word: bytes) -> bytes:
    escaped = "".join(f"\\x{byte:02x}" for byte in word)
    return f'"{escaped}"\n'.encode()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python tests/fuzz {{{','.join(TARGETS)}}} [libFuzzer's flags]")
    sandbox.enter()
    trio.run(fuzz, sys.argv[1], sys.argv[2:])
