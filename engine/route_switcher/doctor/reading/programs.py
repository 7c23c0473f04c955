"""Runs a program that tells of the machine, bounded in time and in what it may say."""

import os
import selectors
import shutil
import subprocess
import time

from route_switcher.doctor.unread import Unread

PATIENCE = 5.0
"""Seconds."""

_MOST = 32 << 20
"""Bytes."""

_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""An ordinary user's PATH may lack some, and another's may lead to anything."""


def installed(program: str) -> bool:
    """Whether there is such a program."""
    return shutil.which(program, path=_FOLDERS) is not None


def said(*words: str) -> str | Unread:
    """What it prints to its standard output if it succeeds."""
    program = shutil.which(words[0], path=_FOLDERS)
    if program is None:
        return Unread(f"{words[0]} is not installed")
    # In memory: a machine that is broken may have no folder to write to.
    with open(os.memfd_create("errors"), "w+b") as errors:
        try:
            process = subprocess.Popen(
                [program, *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd="/",
                env={"PATH": _FOLDERS, "LC_ALL": "C"},
            )
        except OSError as error:
            return Unread(f"{words[0]} cannot be run: {error.strerror}")
        with process:
            output = _read(process)
            if isinstance(output, Unread):
                process.kill()
                return Unread(f"{words[0]} {output.reason}")
        if process.returncode == 0:
            return output.decode(errors="replace")
        errors.seek(0)
        told = errors.read(1000).decode(errors="replace").strip().splitlines()
    return Unread(f"{words[0]} failed: {told[0] if told else f'exit code {process.returncode}'}")


def _read(process: "subprocess.Popen[bytes]") -> bytes | Unread:
    assert process.stdout is not None
    end = time.monotonic() + PATIENCE
    output = bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = end - time.monotonic()
            if left <= 0 or not ready.select(left):
                return Unread(f"took longer than {PATIENCE:g} s")
            data = os.read(process.stdout.fileno(), 1 << 20)
            if not data:
                return bytes(output)
            output += data
            if len(output) > _MOST:
                return Unread(f"says more than {_MOST >> 20} MB")
