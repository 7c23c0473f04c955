"""Messages about connection tracking entries (linux/netfilter/nfnetlink_conntrack.h).

Each attribute is cut out of the kernel's message and given back byte for byte: a table may have
a million entries, and a full parse of one costs some fifty times as much.
"""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from route_switcher.core.vocabulary.uplinks import Address, Family

NEW, GET, DELETE = 0x100, 0x101, 0x102
"""Messages of the conntrack subsystem: IPCTNL_MSG_CT_NEW, _GET and _DELETE."""

_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_CODE = struct.Struct("=i")
_BODY = _HEADER.size + 4
"""Where the attributes begin: after struct nfgenmsg."""
_NESTED, _KIND_MASK = 0x8000, 0x3FFF
_NLMSG_ERROR, _NLMSG_DONE = 2, 3

_CTA_TUPLE_ORIG, _CTA_TUPLE_REPLY, _CTA_MARK, _CTA_ID, _CTA_ZONE, _CTA_FILTER = 1, 2, 8, 12, 18, 25
_CTA_TUPLE_IP = 1
_SOURCE = {4: 1, 16: 3}
_DESTINATION = {4: 2, 16: 4}
"""CTA_IP_V4_SRC, CTA_IP_V6_SRC and so on, by the length of the address."""
_LENGTHS = {Family.IPV4: 4, Family.IPV6: 16}
_FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}
_CTA_FILTER_ORIG_FLAGS, _CTA_FILTER_REPLY_FLAGS = 1, 2
_FILTER_IP_DST = 1 << 1


class MalformedEntryError(ValueError):
    """A message of the kernel is not as its headers say."""


class Answers(NamedTuple):
    """What one datagram of a dump had."""

    deletions: list[bytes]
    """The message that deletes it, for each entry that matched."""
    done: bool
    error: int
    """The errno that ended the dump; 0: none did."""


def dump_request(what: Address | Family, sequence: int) -> bytes:
    """Ask for the entries whose replies go to this address, or for those of the family; or for
    more.

    Linux before 5.8 knows no filter by address, and that for IPv6 leaves out what it should let
    through (ctnetlink_filter_match_tuple, seen in 6.18): `read_dump` looks at what comes.
    """
    if isinstance(what, Family):
        number, body = _FAMILIES[_LENGTHS[what]], b""
    else:
        number = _FAMILIES[len(what.packed)]
        body = _to(what.packed) if what.version == 4 else b""
    return _message(GET, _NLM_F_REQUEST | _NLM_F_DUMP, sequence, number, body)


def _to(packed: bytes) -> bytes:
    to = _nested(_CTA_TUPLE_IP, _attribute(_DESTINATION[len(packed)], packed))
    flags = _attribute(_CTA_FILTER_ORIG_FLAGS, struct.pack("=I", 0)) + _attribute(
        _CTA_FILTER_REPLY_FLAGS, struct.pack("=I", _FILTER_IP_DST)
    )
    return _nested(_CTA_TUPLE_REPLY, to) + _nested(_CTA_FILTER, flags)


def read_dump(datagram: bytes, what: Address | Family, sequence: int) -> Answers:
    """The translated entries without a mark in `datagram` whose replies go to this address, or all
    of the family.

    Raises MalformedEntryError.
    """
    deletions: list[bytes] = []
    done, error = False, 0
    wanted = b"" if isinstance(what, Family) else what.packed
    length = _LENGTHS[what] if isinstance(what, Family) else len(wanted)
    try:
        for kind, at, end in _messages(datagram, sequence):
            if kind == NEW and datagram.find(wanted, at, end) >= 0:
                deletion = _deletion(datagram, at + _BODY, end, wanted, length)
                if deletion is not None:
                    deletions.append(deletion)
            elif kind in (_NLMSG_ERROR, _NLMSG_DONE):
                done = True
                if end - at >= _HEADER.size + _CODE.size:
                    error = -_CODE.unpack_from(datagram, at + _HEADER.size)[0]
    except struct.error as found:
        raise MalformedEntryError(str(found)) from None
    return Answers(deletions, done, error)


def refused(datagram: bytes) -> list[int]:
    """The errno of each deletion that the kernel refused. Raises MalformedEntryError."""
    try:
        return [
            -_CODE.unpack_from(datagram, at + _HEADER.size)[0]
            for kind, at, _ in _messages(datagram, None)
            if kind == _NLMSG_ERROR
        ]
    except struct.error as found:
        raise MalformedEntryError(str(found)) from None


def _messages(datagram: bytes, sequence: int | None) -> Iterator[tuple[int, int, int]]:
    """The kind, begin and end of each that answers the request `sequence`, or any."""
    at, length = 0, len(datagram)
    while at < length:
        size, kind, _, number, _ = _HEADER.unpack_from(datagram, at)
        if not _HEADER.size <= size <= length - at:
            raise MalformedEntryError(f"a message of {size} bytes")
        if sequence in (None, number):
            yield kind, at, at + size
        at += (size + 3) & ~3


def _deletion(data: bytes, at: int, end: int, wanted: bytes, length: int) -> bytes | None:
    """The message that deletes the entry with the attributes in `data`; None: it is to stay. Its
    addresses have `length` bytes; replies go to `wanted`, if that is not empty."""
    original = reply = identity = zone = b""
    while at < end:
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if not _ATTRIBUTE.size <= size <= end - at:
            raise MalformedEntryError(f"an attribute of {size} bytes")
        kind &= _KIND_MASK
        if kind == _CTA_TUPLE_ORIG:
            original = data[at : at + size]
        elif kind == _CTA_TUPLE_REPLY:
            reply = data[at : at + size]
        elif kind == _CTA_ID:
            identity = data[at : at + size]
        elif kind == _CTA_ZONE:
            zone = data[at : at + size]
        elif kind == _CTA_MARK and any(data[at + _ATTRIBUTE.size : at + size]):
            return None
        at += (size + 3) & ~3
    answered = _address(reply, _DESTINATION[length])
    if not answered or answered != (wanted or answered):
        return None
    if _address(original, _SOURCE[length]) in (answered, b""):
        return None
    body = b"".join(_padded(part) for part in (original, identity, zone))
    return _message(DELETE, _NLM_F_REQUEST, 0, _FAMILIES[length], body)


def _address(tuple_: bytes, kind: int) -> bytes:
    """The address of this kind in a CTA_TUPLE_ORIG or CTA_TUPLE_REPLY; empty: there is none."""
    return _inner(_inner(tuple_, _CTA_TUPLE_IP), kind)[_ATTRIBUTE.size :]


def _inner(nest: bytes, wanted: int) -> bytes:
    """The attribute of this kind in the attribute `nest`; empty: there is none."""
    at = _ATTRIBUTE.size
    while at < len(nest):
        size, kind = _ATTRIBUTE.unpack_from(nest, at)
        if not _ATTRIBUTE.size <= size <= len(nest) - at:
            raise MalformedEntryError(f"an attribute of {size} bytes")
        if kind & _KIND_MASK == wanted:
            return nest[at : at + size]
        at += (size + 3) & ~3
    return b""


def _message(kind: int, flags: int, sequence: int, family: int, body: bytes) -> bytes:
    header = _HEADER.pack(_BODY + len(body), kind, flags, sequence, 0)
    return header + struct.pack("=BBH", family, 0, 0) + body


def _attribute(kind: int, content: bytes) -> bytes:
    return _padded(_ATTRIBUTE.pack(_ATTRIBUTE.size + len(content), kind) + content)


def _nested(kind: int, content: bytes) -> bytes:
    return _attribute(kind | _NESTED, content)


def _padded(attribute: bytes) -> bytes:
    return attribute + b"\0" * (-len(attribute) % 4)
