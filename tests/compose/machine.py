"""Whether containers can run on this machine, as far as can be seen without running one."""

import os
import shutil
import socket
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import pytest

Begun = TypeVar("Begun")

WHEELS = Path(sys.prefix) / "wheels"
"""What the image is built from, for the Python that this Debian has. `make compose-test` makes it,
for there is no network here."""

_OLDEST_PODMAN_COMPOSE = (1, 4)  # the first with interface names, and networks without DNS
_EVERY_USER = ["0", "0", "4294967295"]  # user_namespaces(7): the machine's own


class Unavailable(Exception):  # noqa: N818 - a condition of the machine, not an error
    """The environment cannot be had here; the message says why."""


def begun(begin: Callable[[], Begun]) -> Begun:
    """What `begin` gives. Where it raises `Unavailable`, the tests that want it are skipped, or
    fail if the environment says that none may be skipped."""
    try:
        return begin()
    except Unavailable as reason:
        why = str(reason)
    if os.environ.get("ROUTE_SWITCHER_REQUIRE_COMPOSE") == "1":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def look(*, wheels: bool = True) -> None:
    """Raise `Unavailable` if something is missing."""
    if Path("/proc/self/uid_map").read_text().split() != _EVERY_USER:
        raise Unavailable("containers need root, and not that of a user namespace")
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        raise Unavailable("containers need a network without a way out, and this process has none")
    for program in ("podman", "iptables", "dpkg-query", "apt-cache"):
        if shutil.which(program) is None:
            raise Unavailable(f"there is no {program}")
    try:
        version = metadata.version("podman-compose")
    except metadata.PackageNotFoundError:
        raise Unavailable("there is no podman-compose") from None
    if tuple(map(int, version.split(".")[:2])) < _OLDEST_PODMAN_COMPOSE:
        raise Unavailable(f"podman-compose is {version}, older than 1.4")
    if wheels and not any(WHEELS.glob("*.whl")):
        raise Unavailable("there are no wheels to build the image from: run `make compose-test`")
