"""What the kernel says of links and addresses, read with `struct`.

A storm of changes has us read them again and again, and all that matters stands at fixed places:
pyroute2 takes sixty times as long for a link (417 and 7 µs), of whose many attributes we want one.

The messages are those of rtnetlink(7), linux/if_link.h, linux/if_addr.h.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from socket import AF_INET, AF_INET6

from route_switcher.core.vocabulary.policy import Family
from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.framing import HEADER, RTM_NEWADDR, RTM_NEWLINK, Message

_RTM_GETLINK = 18
_RTM_GETADDR = 22
_NLM_F_REQUEST = 0x1
_NLM_F_ACK = 0x4
_NLM_F_DUMP = 0x300

_LINK = struct.Struct("=BxHIII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")
_KIND_BITS = 0x3FFF
"""NLA_TYPE_MASK: the two highest bits say how an attribute is written."""

IFLA_IFNAME = 3
IFLA_EXT_MASK = 29
IFLA_ALT_IFNAME = 53
_SKIP_STATS = 1 << 3
"""RTEXT_FILTER_SKIP_STATS."""
_IFA_FLAGS = 8

_IFF_UP = 0x1
_IFF_LOWER_UP = 0x10000
_IFA_F_OPTIMISTIC = 0x04
_IFA_F_DADFAILED = 0x08
_IFA_F_TENTATIVE = 0x40
_SCOPE_LINK = 253

_FAMILIES = {int(AF_INET): Family.IPV4, int(AF_INET6): Family.IPV6}


@dataclass(frozen=True, slots=True)
class InterfaceLink:
    """An interface's index, the two flags of it that matter, and the kernel's own name for it."""

    index: int
    up: bool
    carrier: bool
    name: str


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An address that packets may be sent from."""

    index: int
    family: Family
    reaches_out: bool
    """Of global scope, so a source for packets to the internet (RFC 4007). Always so in IPv4."""


def link_request(interface: str, sequence: int) -> bytes:
    """The request for one interface by any of its names."""
    body = _LINK.pack(0, 0, 0, 0, 0) + attribute(IFLA_IFNAME, os.fsencode(interface) + b"\0")
    body += attribute(IFLA_EXT_MASK, struct.pack("=I", _SKIP_STATS))
    return _request(_RTM_GETLINK, _NLM_F_ACK, sequence, body)


def address_dump(index: int, sequence: int) -> bytes:
    """The request for the addresses of one interface, or of all if `index` is 0."""
    return _request(_RTM_GETADDR, _NLM_F_DUMP, sequence, _ADDRESS.pack(0, 0, 0, 0, index))


def link(message: Message) -> InterfaceLink | None:
    """The interface that `message` tells of; None if it is about anything else.

    Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWLINK:
        return None
    _, _, index, flags, _ = _fixed(_LINK, message)
    attributes = _attributes(message.data, HEADER.size + _LINK.size)
    raw = next((value for kind, value in attributes if kind == IFLA_IFNAME), b"")
    name = os.fsdecode(raw.partition(b"\0")[0])
    return InterfaceLink(index, bool(flags & _IFF_UP), bool(flags & _IFF_LOWER_UP), name)


def usable_address(message: Message) -> InterfaceAddress | None:
    """The address that `message` tells of; None if packets may not be sent from it (RFC 4862).

    Raises MalformedMessageError.
    """
    if message.kind != RTM_NEWADDR:
        return None
    number, _, flags, scope, index = _fixed(_ADDRESS, message)
    family = _FAMILIES.get(number)
    for kind, value in _attributes(message.data, HEADER.size + _ADDRESS.size):
        if kind == _IFA_FLAGS:
            if len(value) != 4:
                raise MalformedMessageError("IFA_FLAGS is no number")
            (flags,) = struct.unpack("=I", value)
    waiting = flags & _IFA_F_TENTATIVE and not flags & _IFA_F_OPTIMISTIC
    if family is None or waiting or flags & _IFA_F_DADFAILED:
        return None
    reaches_out = family is Family.IPV4 or scope < _SCOPE_LINK
    return InterfaceAddress(index, family, reaches_out)


def attribute(kind: int, value: bytes) -> bytes:
    """A netlink attribute (struct nlattr), padded to four bytes."""
    padding = bytes(-len(value) % 4)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + padding


def _request(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    length = HEADER.size + len(body)
    return HEADER.pack(length, kind, _NLM_F_REQUEST | flags, sequence, 0) + body


def _fixed(form: struct.Struct, message: Message) -> tuple[int, ...]:
    if len(message.data) < HEADER.size + form.size:
        raise MalformedMessageError(f"{len(message.data)} bytes are too few")
    return form.unpack_from(message.data, HEADER.size)


def _attributes(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    while start + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if not _ATTRIBUTE.size <= length <= len(data) - start:
            raise MalformedMessageError(f"an attribute of {length} bytes")
        yield kind & _KIND_BITS, data[start + _ATTRIBUTE.size : start + length]
        start += (length + 3) & ~3
