"""Reads which interfaces are parts of a bridge or a bond (linux/if_link.h)."""

import socket
import struct

from route_switcher.kernel.rtnetlink import exchange
from route_switcher.kernel.rtnetlink.attributes import (
    NLM_F_DUMP,
    attributes,
    fixed,
    number,
    request,
)
from route_switcher.kernel.rtnetlink.framing import HEADER, Discarded, Message
from route_switcher.kernel.rtnetlink.names import own_name

_RTM_NEWLINK, _RTM_GETLINK = 16, 18
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_IFLA_MASTER, _IFLA_LINKINFO = 10, 18
_INFO_SLAVE_KIND = 4
_TAKING = frozenset((b"bridge", b"bond", b"team"))
"""They take what comes in by their parts. A VRF does not."""


async def members(discarded: Discarded) -> dict[str, str]:
    """The bridge or bond of each part of one, by the kernel's own names. Raises OSError and
    KernelError."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    found = await exchange.read(
        lambda sequence: request(_RTM_GETLINK, NLM_F_DUMP, sequence, body), _member, discarded
    )
    named = ((own_name(index), own_name(master)) for index, master in found)
    return {name: master for name, master in named if name and master}


def _member(message: Message) -> tuple[int, int] | None:
    if message.kind != _RTM_NEWLINK:
        return None
    _, _, index, _, _ = fixed(_LINK, message)
    told = dict(attributes(message.data, HEADER.size + _LINK.size))
    if _IFLA_MASTER not in told or _IFLA_LINKINFO not in told:
        return None
    info = dict(attributes(told[_IFLA_LINKINFO], 0))
    kind = bytes(info.get(_INFO_SLAVE_KIND, b"")).rstrip(b"\0")
    return (index, number(told[_IFLA_MASTER])) if kind in _TAKING else None
