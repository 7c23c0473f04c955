"""Kernel settings that a test changes, and that are afterwards what they were."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_sysctl(name: str, value: int) -> None:
    """Write /proc/sys/net/`name`."""
    _file(name).write_text(str(value))


@contextmanager
def restored_sysctls() -> Iterator[Callable[[str, int], None]]:
    """A `write_sysctl` whose changes are undone in the end, the last one first.

    Settings of an interface that is gone by then need no undoing.
    """
    were: list[tuple[str, int]] = []

    def write(name: str, value: int) -> None:
        were.append((name, int(_file(name).read_text())))
        write_sysctl(name, value)

    try:
        yield write
    finally:
        for name, value in reversed(were):
            with suppress(FileNotFoundError):
                write_sysctl(name, value)


def _file(name: str) -> Path:
    return Path("/proc/sys/net", name)
