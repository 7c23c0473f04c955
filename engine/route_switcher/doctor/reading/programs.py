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

_MOST_COMPLAINTS = 1000
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
    try:
        process = subprocess.Popen(
            [program, *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PATH": _FOLDERS, "LC_ALL": "C"},
        )
    except OSError as error:
        return Unread(f"{words[0]} cannot be run: {error.strerror}")
    with process:
        read = _read(process)
        if isinstance(read, Unread):
            process.kill()
            return Unread(f"{words[0]} {read.reason}")
    output, errors = read
    if process.returncode == 0:
        return output.decode(errors="replace")
    told = errors.decode(errors="replace").strip().splitlines()
    return Unread(f"{words[0]} failed: {told[0] if told else f'exit code {process.returncode}'}")


def _read(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes] | Unread:
    """What it prints, and the beginning of its complaints, which are in memory too: a machine that
    is broken may have no folder to write to."""
    assert process.stdout is not None
    assert process.stderr is not None
    end = time.monotonic() + PATIENCE
    late = Unread(f"took longer than {PATIENCE:g} s")
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ, output)
        ready.register(process.stderr, selectors.EVENT_READ, errors)
        while ready.get_map():
            left = end - time.monotonic()
            if left <= 0:
                return late
            for key, _ in ready.select(left):
                data = os.read(key.fd, 1 << 20)
                key.data.extend(data)
                if not data:
                    ready.unregister(key.fileobj)
            del errors[_MOST_COMPLAINTS:]
            if len(output) > _MOST:
                return Unread(f"says more than {_MOST >> 20} MB")
    try:
        process.wait(max(end - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        return late
    return bytes(output), bytes(errors)
