"""What tests leave in their sandbox: processes, and files that could mislead a later engine."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from support import fork_server

PATIENCE = 30.0
"""Seconds in which what was told to end has ended."""

_RUN = Path("/run")
_OURS = _RUN / "route-switcher"
_MAY_STAY = {"netns", "route-switcher", "xtables.lock"}
"""`ip netns` and iptables make theirs once; each engine finds its own folder empty."""


def forget_engines() -> None:
    """Take away what engines keep for later ones. Folders are named by the numbers of network
    namespaces, and the kernel gives the same number again."""
    shutil.rmtree(_OURS, ignore_errors=True)


def left_behind() -> list[str]:
    """What is still there, once what ends has ended; each in words."""
    end = time.monotonic() + PATIENCE
    while (found := _processes()) and time.monotonic() < end:
        time.sleep(0.02)
    return [*found, *(f"{_RUN / name}" for name in os.listdir(_RUN) if name not in _MAY_STAY)]


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
