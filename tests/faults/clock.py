"""A wall clock of the engine's own, to be stepped while it runs: libfaketime.

The machine's clock is never touched. Time that only runs forward (CLOCK_MONOTONIC) stays true.
The kernel's receive timestamps stay true as well, and so contradict the stepped clock for good.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from faults.bench import Bench, wait_until
from faults.row import Act

_LIBRARIES = tuple(
    path
    for folder in ("lib", "lib64", "lib/*-linux-gnu*", "local/lib")
    for path in Path("/usr").glob(f"{folder}/faketime/libfaketime.so.1")
)
MISSING = "" if _LIBRARIES else "libfaketime is missing: apt install faketime"
"""Why such a clock cannot be had, or nothing."""

_ROUGHLY = 60.0


def own_clock(folder: Path) -> Mapping[str, str]:
    """The variables of a process that has such a clock; it goes right at first."""
    _offset(folder).write_text("+0\n")
    return {
        "LD_PRELOAD": str(_LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(_offset(folder)),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def set_clock(seconds: int) -> Act:
    """The engine's clock shows the time, and so many seconds more (or less)."""

    def act(bench: Bench) -> None:
        write(bench, seconds)
        await_clock(bench, seconds)

    return act


def write(bench: Bench, seconds: int) -> None:
    """The clock shows that from now on."""
    offset = _offset(bench.policy_file.parent)
    whole = offset.with_suffix(".new")  # for the engine must never see half of it
    whole.write_text(f"{seconds:+}\n")
    whole.rename(offset)


def await_clock(bench: Bench, seconds: int) -> None:
    """Wait until the engine has dated a line so."""
    wait_until(lambda: abs(_ahead(bench) - seconds) < _ROUGHLY, "the stepped clock in the log")


def _offset(folder: Path) -> Path:
    return folder / "clock"


def _ahead(bench: Bench) -> float:
    """Seconds by which the engine's latest line is dated ahead of the time."""
    dated = datetime.fromisoformat(bench.engine.records[-1].fields["time"])
    return (dated - datetime.now(UTC)).total_seconds()
