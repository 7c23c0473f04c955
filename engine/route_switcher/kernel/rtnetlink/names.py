"""Which interface each name of the policy means now.

The kernel knows an interface by its name and by any number of altnames (ip-link(8), `property`);
all may change while we run. What it tells carries the index, and its own name at most. So the names
of the policy are resolved again for every answer.
"""

import socket
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.missing_interfaces import is_missing, note_missing

Owners: TypeAlias = Mapping[tuple[int, Family], str]
"""What the policy calls an interface, by its index, in a family."""


def index_of(name: str) -> int:
    """The index of the interface that has this name or altname, 0 if none has."""
    if is_missing(name):
        return 0
    try:
        return socket.if_nametoindex(name)
    except OSError:
        note_missing(name)
        return 0


def own_name(index: int) -> str:
    """The kernel's own name for the interface with this index, empty if there is none."""
    try:
        return socket.if_indextoname(index)
    except OSError:
        return ""


def indexes_of(uplinks: Sequence[Uplink]) -> dict[str, int]:
    """The indexes of the interfaces of `uplinks` by name, 0 for one that is not there."""
    return {uplink.interface: index_of(uplink.interface) for uplink in uplinks}


def owners(uplinks: Sequence[Uplink], indexes: Mapping[str, int]) -> Owners:
    """The names by which `uplinks` call the interfaces of these `indexes`, by name.

    Where two uplinks of a family mean one interface, the one that is preferred has it.
    """
    names: dict[tuple[int, Family], str] = {}
    for uplink in uplinks:
        index = indexes.get(uplink.interface, 0)
        if index:
            names.setdefault((index, uplink.family), uplink.interface)
    return names
