"""Named network namespaces, as `ip netns` keeps them, and what runs inside them."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from route_switcher.lab.sandbox import set_network_namespace

_FOLDER = Path("/run/netns")
_GRACE = 3.0  # seconds that a process may take to end when asked to


class LabError(Exception):
    """The lab could not be built or used; the message says what is in the way."""


def exists(namespace: str) -> bool:
    """Whether a namespace of that name is there."""
    return (_FOLDER / namespace).exists()


def create(namespaces: Iterable[str]) -> None:
    """Make the namespaces. Raises `LabError`."""
    run(["ip", "-batch", "-"], "".join(f"netns add {name}\n" for name in namespaces))


def remove(namespaces: Iterable[str]) -> None:
    """Delete those of the namespaces that exist, and kill whatever still runs in them."""
    there = [name for name in namespaces if exists(name)]
    inodes = {(_FOLDER / name).stat().st_ino for name in there}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            with suppress(OSError):  # it has just ended
                if (process / "ns/net").stat().st_ino in inodes:
                    os.kill(int(process.name), signal.SIGKILL)
    run(["ip", "-batch", "-"], "".join(f"netns delete {name}\n" for name in there))


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Move this thread into the namespace and back.

    Sockets and processes made inside stay there. Everything else that the thread does meanwhile
    happens there too, so do not await within.
    """
    with open("/proc/thread-self/ns/net") as home, open(_FOLDER / namespace) as there:
        set_network_namespace(there.fileno())
        try:
            yield
        finally:
            set_network_namespace(home.fileno())


def command(namespace: str, words: Sequence[str]) -> list[str]:
    """A command line that runs `words` in the namespace, whichever thread starts it."""
    return ["nsenter", f"--net={_FOLDER / namespace}", "--", *words]


def run(words: Sequence[str], given: str = "") -> str:
    """What the program wrote to stdout, with `given` as its input.

    Raises `LabError` with what it wrote to stderr, if it fails.
    """
    done = subprocess.run(words, input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def end(process: subprocess.Popen[str]) -> None:
    """Ask the process to end, insist after a while, and reap it."""
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
