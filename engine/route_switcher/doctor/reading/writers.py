"""Reads which other programs write routes, and how they are set up."""

from collections.abc import Iterator
from pathlib import Path

from route_switcher.doctor.reading.files import beginning
from route_switcher.doctor.reading.processes import processes
from route_switcher.doctor.reading.unit_files import assignments, drop_ins, first_of, truth_of
from route_switcher.doctor.writers import Networkd, Writers

_SYSTEMD = tuple(
    map(Path, ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"))
)
"""From the one that counts most to the one that counts least."""

_DHCLIENT_HOOKS = Path("/etc/dhcp/dhclient-exit-hooks.d")
_HOOK = "lease-route"


def writers() -> Writers:
    """As they are now."""
    return Writers(processes(), networkd(), dhclient_hook())


def networkd(folders: tuple[Path, ...] = _SYSTEMD) -> Networkd:
    """What its files say. What cannot be read says nothing."""
    files = [*first_of(folders, "networkd.conf"), *drop_ins(folders, "networkd.conf.d")]
    found: dict[str, bool] = {}
    for file in files:
        for section, key, value in assignments(file):
            truth = truth_of(value)
            if section == "Network" and truth is not None:
                found[key] = truth
    return Networkd(
        found.get("ManageForeignRoutes", True), found.get("ManageForeignRoutingPolicyRules", True)
    )


def dhclient_hook(folder: Path = _DHCLIENT_HOOKS) -> bool:
    """Whether a file there speaks of our hook."""
    return any(_HOOK in text for text in _texts(folder))


def _texts(folder: Path) -> Iterator[str]:
    try:
        files = sorted(folder.iterdir())
    except OSError:
        return
    for file in files:
        try:
            yield beginning(file)
        except OSError:
            continue
