"""The folder of what outlives the engine.

systemd gives it (systemd.exec(5), `StateDirectory=`); else it is the run folder.
"""

import os
from pathlib import Path

from route_switcher.kernel.host.run_folder import run_folders
from route_switcher.other_writers import other_writers

SYSTEM_STATE = Path("/var/lib/route-switcher")
"""What `StateDirectory=route-switcher` of the unit means."""


def given_folder() -> Path | None:
    """The one that the service manager gives; None: it gives none."""
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return _behind_link(Path(given)) if given.startswith("/") else None


def state_folders() -> tuple[Path, ...]:
    """Where it may be, in the order of preference."""
    given = given_folder()
    found = [given] if given is not None else []
    return tuple(dict.fromkeys([*found, *run_folders()]))


def _behind_link(base: Path) -> Path:
    """With `DynamicUser=` a link of root's stands in its place (systemd.exec(5)).

    A link that others may change is not followed: then no folder is had there.
    """
    try:
        if not base.is_symlink() or other_writers(base):
            return base
        return base.resolve()
    except (OSError, RuntimeError):  # it leads nowhere, or to itself
        return base
