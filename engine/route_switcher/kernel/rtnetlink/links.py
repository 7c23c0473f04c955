"""What the kernel says of links and addresses, read with `struct`.

A storm of changes has us read them again and again, and all that matters stands at fixed places:
pyroute2 takes sixty times as long for a link (417 and 7 µs), of whose many attributes we want one.

The messages are those of rtnetlink(7), linux/if_link.h, linux/if_addr.h.
"""

import os
import struct
from dataclasses import dataclass

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.kernel.rtnetlink.attributes import (
    NLM_F_ACK,
    NLM_F_DUMP,
    attribute,
    attributes,
    fixed,
    number,
    request,
)
from route_switcher.kernel.rtnetlink.framing import HEADER, RTM_NEWADDR, RTM_NEWLINK, Message
from route_switcher.kernel.rtnetlink.kernel_routes import FAMILIES, address

_RTM_GETLINK = 18
_RTM_GETADDR = 22

_LINK = struct.Struct("=BxHIII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, index

IFLA_IFNAME = 3
IFLA_EXT_MASK = 29
IFLA_ALT_IFNAME = 53
_SKIP_STATS = 1 << 3
"""RTEXT_FILTER_SKIP_STATS."""
_IFA_ADDRESS = 1
"""The other end's, where there is an IFA_LOCAL beside it."""
_IFA_LOCAL = 2
_IFA_FLAGS = 8

_IFF_UP = 0x1
_IFF_POINTOPOINT = 0x10
_IFF_LOWER_UP = 0x10000
_IFA_F_OPTIMISTIC = 0x04
_IFA_F_DADFAILED = 0x08
_IFA_F_TENTATIVE = 0x40
_SCOPE_LINK = 253


@dataclass(frozen=True, slots=True)
class InterfaceLink:
    """An interface's index, the flags of it that matter, and the kernel's own name for it."""

    index: int
    up: bool
    carrier: bool
    name: str
    point_to_point: bool = False


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address that packets may be sent from."""

    index: int
    family: Family
    address: Address
    reaches_out: bool
    """Of global scope, so a source for packets to the internet (RFC 4007). Always so in IPv4."""


def link_request(interface: str, sequence: int) -> bytes:
    """The request for one interface by any of its names."""
    body = _LINK.pack(0, 0, 0, 0, 0) + attribute(IFLA_IFNAME, os.fsencode(interface) + b"\0")
    body += attribute(IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATS))
    return request(_RTM_GETLINK, NLM_F_ACK, sequence, body)


def address_dump(index: int, sequence: int) -> bytes:
    """The request for the addresses of one interface, or of all if `index` is 0."""
    return request(_RTM_GETADDR, NLM_F_DUMP, sequence, _ADDRESS.pack(0, 0, 0, 0, index))


def link(message: Message) -> InterfaceLink | None:
    """The interface that `message` tells of; None if it is about anything else.

    Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWLINK:
        return None
    _, _, index, flags, _ = fixed(_LINK, message)
    told = attributes(message.data, HEADER.size + _LINK.size)
    raw = next((value for kind, value in told if kind == IFLA_IFNAME), b"")
    name = os.fsdecode(raw.partition(b"\0")[0])
    return InterfaceLink(
        index,
        bool(flags & _IFF_UP),
        bool(flags & _IFF_LOWER_UP),
        name,
        bool(flags & _IFF_POINTOPOINT),
    )


def usable_address(message: Message) -> InterfaceAddress | None:
    """The address that `message` tells of; None if packets may not be sent from it (RFC 4862).

    They may from a deprecated one: it is only not preferred.

    Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWADDR:
        return None
    number_of, _, flags, scope, index = fixed(_ADDRESS, message)
    family = FAMILIES.get(number_of)
    told = dict(attributes(message.data, HEADER.size + _ADDRESS.size))
    if _IFA_FLAGS in told:
        flags = number(told[_IFA_FLAGS])
    waiting = flags & _IFA_F_TENTATIVE and not flags & _IFA_F_OPTIMISTIC
    raw = told.get(_IFA_LOCAL, told.get(_IFA_ADDRESS))
    if family is None or raw is None or waiting or flags & _IFA_F_DADFAILED:
        return None
    reaches_out = family is Family.IPV4 or scope < _SCOPE_LINK
    return InterfaceAddress(index, family, address(family, raw), reaches_out)
