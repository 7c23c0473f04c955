"""Messages about connection tracking entries (linux/netfilter/nfnetlink_conntrack.h).

Each attribute is cut out of the kernel's message and given back byte for byte: a table may have
a million entries, and a full parse of one costs some fifty times as much. A process of its own
imports this and little else, so that it starts soon.
"""

import socket
import struct
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

NEW, GET, DELETE = 0x100, 0x101, 0x102
"""Messages of the conntrack subsystem: IPCTNL_MSG_CT_NEW, _GET and _DELETE."""

_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_WORD = struct.Struct("=I")
_CODE = struct.Struct("=i")
_BODY = _HEADER.size + 4
"""Where the attributes begin: after struct nfgenmsg."""
_NESTED, _KIND_MASK = 0x8000, 0x3FFF
_NLMSG_ERROR, _NLMSG_DONE = 2, 3

_CTA_TUPLE_ORIG, _CTA_TUPLE_REPLY, _CTA_MARK, _CTA_ID, _CTA_ZONE = 1, 2, 8, 12, 18
_CTA_TUPLE_IP = 1
_SOURCE = {4: 1, 16: 3}
_DESTINATION = {4: 2, 16: 4}
"""CTA_IP_V4_SRC, CTA_IP_V6_SRC and so on, by the length of the address."""
_USUAL = {
    length: (
        _ATTRIBUTE.pack(12 + 2 * length, _CTA_TUPLE_IP | _NESTED)
        + _ATTRIBUTE.pack(4 + length, _SOURCE[length]),
        _ATTRIBUTE.pack(4 + length, _DESTINATION[length]),
    )
    for length in (4, 16)
}
"""What usually stands before the two addresses of a tuple."""
_FAMILIES = {4: socket.AF_INET, 16: socket.AF_INET6}


class MalformedEntryError(ValueError):
    """A message of the kernel is not as its headers say."""


class Answers(NamedTuple):
    """What one datagram of a dump had."""

    deletions: list[bytes]
    """The message that deletes it, for each entry that matched."""
    done: bool
    error: int
    """The errno that ended the dump; 0: none did."""


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


class _Layout(NamedTuple):
    """How the kernel lays out the attributes of an entry. Many of one size have the same layout,
    and are taken apart at once."""

    parts: struct.Struct
    """Headers and contents, in turn."""
    headers: tuple[int, ...]
    places: Mapping[int, int]
    """Where the content of each kind of attribute is among the parts."""


def _layout(data: bytes, at: int, end: int) -> _Layout:
    headers: list[int] = []
    places: dict[int, int] = {}
    form = "="
    while at < end:
        size, kind = _ATTRIBUTE.unpack_from(data, at)
        if not _ATTRIBUTE.size <= size <= end - at:
            raise MalformedEntryError(f"an attribute of {size} bytes")
        places[kind & _KIND_MASK] = 2 * len(headers) + 1
        headers += _WORD.unpack_from(data, at)
        padded = min((size + 3) & ~3, end - at)
        form += f"I{padded - _ATTRIBUTE.size}s"
        at += padded
    return _Layout(struct.Struct(form), tuple(headers), places)


class Dump:
    """The entries without a mark whose source was translated, and whose replies go to one of these
    addresses (4 or 16 bytes each); or, without any, all such of addresses of `length` bytes."""

    def __init__(self, addresses: Collection[bytes], length: int, sequence: int) -> None:
        self._wanted = frozenset(addresses)
        self._first = tuple(addresses) or (b"",)
        self._length = length
        self._sequence = sequence
        self._layouts: dict[int, _Layout] = {}
        """Of each size the one that was seen last."""

    @property
    def request(self) -> bytes:
        """Asks for every entry, of all families.

        The kernel could leave out entries by itself. But it goes on, and lets nothing else run on
        its processor, until it has found a few to give: 70 ms in a table of 200,000 (Linux 6.18,
        ctnetlink_dump_table, which holds back interrupts' work). A full part takes it 0.1 ms.
        """
        return _message(GET, _NLM_F_REQUEST | _NLM_F_DUMP, self._sequence, socket.AF_UNSPEC, b"")

    def read(self, datagram: bytes) -> Answers:
        """What one datagram has. Raises MalformedEntryError."""
        deletions: list[bytes] = []
        done, error = False, 0
        try:
            for kind, at, end in _messages(datagram, self._sequence):
                if kind == NEW and any(datagram.find(a, at, end) >= 0 for a in self._first):
                    deletion = self._deletion(datagram, at + _BODY, end)
                    if deletion is not None:
                        deletions.append(deletion)
                elif kind in (_NLMSG_ERROR, _NLMSG_DONE):
                    done = True
                    if end - at >= _HEADER.size + _CODE.size:
                        error = -_CODE.unpack_from(datagram, at + _HEADER.size)[0]
        except struct.error as found:
            raise MalformedEntryError(str(found)) from None
        return Answers(deletions, done, error)

    def _deletion(self, data: bytes, at: int, end: int) -> bytes | None:
        """The message that deletes the entry with these attributes; None: it is to stay."""
        layout = self._layouts.get(end - at)
        parts = () if layout is None else layout.parts.unpack_from(data, at)
        if layout is None or parts[::2] != layout.headers:
            layout = self._layouts[end - at] = _layout(data, at, end)
            parts = layout.parts.unpack_from(data, at)
        places = layout.places
        if _CTA_TUPLE_ORIG not in places or _CTA_TUPLE_REPLY not in places:
            return None
        if _CTA_MARK in places and parts[places[_CTA_MARK]].strip(b"\0"):
            return None
        length = self._length
        answered = _address(parts[places[_CTA_TUPLE_REPLY]], length, source=False)
        if not answered or (self._wanted and answered not in self._wanted):
            return None
        if _address(parts[places[_CTA_TUPLE_ORIG]], length, source=True) in (answered, b""):
            return None
        body = b""
        for kind in (_CTA_TUPLE_ORIG, _CTA_ID, _CTA_ZONE):
            if kind in places:
                place = places[kind]
                body += _WORD.pack(parts[place - 1]) + parts[place]
        return _message(DELETE, _NLM_F_REQUEST, 0, _FAMILIES[length], body)


def _address(content: bytes, length: int, *, source: bool) -> bytes:
    """The address in the content of a CTA_TUPLE_ORIG or CTA_TUPLE_REPLY; empty: there is none."""
    first, second = _USUAL[length]
    if content.startswith(first) and content.startswith(second, 8 + length):
        return content[8 : 8 + length] if source else content[12 + length : 12 + 2 * length]
    kind = (_SOURCE if source else _DESTINATION)[length]
    addresses = _inner(b"\0" * _ATTRIBUTE.size + content, _CTA_TUPLE_IP)
    return _inner(addresses, kind)[_ATTRIBUTE.size :]


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
