"""Reads which routers the leases of dhclient name (dhclient.leases(5)).

dhclient writes its default route when it gets an address. When a renewal names another router, its
script leaves the route as it is.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

from route_switcher.doctor.reading.files import beginning

_FOLDERS = (Path("/var/lib/dhcp"), Path("/var/lib/dhclient"))
_LARGEST = 1 << 20
"""Bytes: dhclient writes a shorter file before it is as large."""

_LEASE = re.compile(r"^lease \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_INTERFACE = re.compile(r'^\s*interface "([^"]+)";', re.MULTILINE)
_ROUTERS = re.compile(r"^\s*option routers ([0-9., ]+);", re.MULTILINE)


def leased_routers() -> dict[str, tuple[IPv4Address, ...]]:
    """The routers of the latest lease of each interface, by the kernel's name for it. What cannot
    be read is left out."""
    files = [file for folder in _FOLDERS for file in folder.glob("*.leases")]
    found: dict[str, tuple[float, tuple[IPv4Address, ...]]] = {}
    for file in files:
        with suppress(OSError, ValueError):
            if file.stat().st_size <= _LARGEST:
                written = file.stat().st_mtime
                for interface, routers in routers_in(beginning(file, _LARGEST)).items():
                    if written >= found.get(interface, (written, ()))[0]:
                        found[interface] = written, routers
    return {interface: routers for interface, (_, routers) in found.items()}


def routers_in(text: str) -> Mapping[str, tuple[IPv4Address, ...]]:
    """What the last lease of each interface says in such a file. Raises ValueError."""
    return dict(_leases(text))


def _leases(text: str) -> Iterator[tuple[str, tuple[IPv4Address, ...]]]:
    for lease in _LEASE.finditer(text):
        interface = _INTERFACE.search(lease[1])
        routers = _ROUTERS.search(lease[1])
        if interface is not None:
            words = routers[1].replace(",", " ").split() if routers is not None else []
            yield interface[1], tuple(map(IPv4Address, words))
