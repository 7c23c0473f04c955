"""What tests leave in their sandbox: processes, networks, and files that could mislead others."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from support import fork_server

PATIENCE = 30.0
"""Seconds in which what was told to end has ended."""

_RUN = Path("/run")
_NAMESPACES = _RUN / "netns"
_OF_THE_SANDBOX = {"mount", _NAMESPACES.name}
"""What mount(8) and `ip netns` keep there for as long as the sandbox lasts."""


def empty_run() -> None:
    """Take away what engines and others keep in /run for later ones. An engine's folder is named
    by the number of its network namespace, and the kernel gives the same number again."""
    for entry in _RUN.iterdir():
        if entry.name not in _OF_THE_SANDBOX:
            with suppress(OSError):  # something is mounted there
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def left_behind() -> list[str]:
    """What is still there, once what ends has ended; each in words."""
    end = time.monotonic() + PATIENCE
    while (found := _processes()) and time.monotonic() < end:
        time.sleep(0.02)
    namespaces = os.listdir(_NAMESPACES) if _NAMESPACES.exists() else []
    return [*found, *(f"network namespace {name}" for name in namespaces)]


def _processes() -> list[str]:
    """The others in this mount namespace, which is that of this process and what it started."""
    own = os.readlink("/proc/self/ns/mnt")
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):  # it has just ended, or is a zombie
            if process.name.isdecimal() and os.readlink(process / "ns" / "mnt") == own:
                command = (process / "cmdline").read_text(errors="replace").split("\0")
                if int(process.name) != os.getpid() and fork_server.__file__ not in command:
                    found.append(f"process {process.name}: {' '.join(command)}")
    return found
