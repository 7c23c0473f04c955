"""Reads the unit that starts the engine (systemd.unit(5), systemd.exec(5))."""

import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from route_switcher.doctor.access import Service
from route_switcher.doctor.reading.mounts import mount_point
from route_switcher.doctor.reading.unit_files import assignments, drop_ins, first_of, truth_of
from route_switcher.kernel.host.privileges import KNOWN
from route_switcher.policy.load import SYSTEM_NAME, SYSTEM_POLICY

UNIT = "route-switcher.service"
_FOLDERS = tuple(
    Path(folder, "systemd/system")
    for folder in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
)
"""From the one that counts most to the one that counts least."""
_STATE = Path("/var/lib")


def service(folders: tuple[Path, ...] = _FOLDERS) -> Service | None:
    """None: no unit is installed."""
    main = next(first_of(folders, UNIT), None)
    if main is None:
        return None
    files = [main, *drop_ins(folders, f"{UNIT}.d")]
    lines = [
        (key, value) for f in files for part, key, value in assignments(f) if part == "Service"
    ]
    last = dict(lines)
    dynamic = bool(truth_of(last.get("DynamicUser", "")))
    user = last.get("User", "") or ("" if dynamic else "root")
    may = _capabilities(value for key, value in lines if key == "CapabilityBoundingSet")
    if user not in ("root", "0"):
        given = _capabilities(value for key, value in lines if key == "AmbientCapabilities")
        may = (set(KNOWN) if may is None else may) & (given or set())
    policy = _policy(last.get("ExecStart", ""))
    in_a_group = any(key in ("Group", "SupplementaryGroups") and value for key, value in lines)
    return Service(
        str(main),
        user,
        tuple(sorted(set(KNOWN) - may)) if may is not None else (),
        str(policy),
        () if user or in_a_group else tuple(_unreadable(policy)),
        _read_only() if last.get("StateDirectory") else None,
        dynamic and truth_of(last.get("RuntimeDirectoryPreserve") or "no") is not False,
    )


def _capabilities(values: Iterable[str]) -> set[str] | None:
    """Those of `KNOWN` that lists like `CAP_A CAP_B` leave; None: there is no list."""
    found: set[str] | None = None
    for value in values:
        named = set(value.removeprefix("~").upper().split()) & set(KNOWN)
        if value.startswith("~"):
            found = (set(KNOWN) if found is None else found) - named
        else:
            found = (found or set()) | named if value else set()
    return found


def _policy(command: str) -> Path:
    """What `run` is given."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    given = next((after for word, after in pairwise(words) if word == "run"), SYSTEM_NAME)
    return Path(given) if given.startswith("/") else SYSTEM_POLICY


def _unreadable(policy: Path) -> Iterator[str]:
    """Commands that let everybody read it; none where it is missing, or cannot be looked at."""
    with suppress(OSError):
        policy.stat()
        for folder in reversed(policy.parents):
            if not folder.stat().st_mode & 0o001:
                yield f"chmod o+x {shlex.quote(str(folder))}"
        if not policy.stat().st_mode & 0o004:
            yield f"chmod o+r {shlex.quote(str(policy))}"


def _read_only() -> str | None:
    """The mount point of the state folder, if nothing can be written there."""
    try:
        if not os.statvfs(_STATE).f_flag & os.ST_RDONLY:
            return None
    except OSError:
        return None
    return mount_point(_STATE)
