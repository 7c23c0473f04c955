"""Netlink requests and attributes as bytes (netlink(7), struct nlattr)."""

import struct
from collections.abc import Iterator

from route_switcher.kernel.rtnetlink.codec import MalformedMessageError
from route_switcher.kernel.rtnetlink.framing import HEADER, Message

NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300
_NLM_F_REQUEST = 0x1

_ATTRIBUTE = struct.Struct("=HH")
_NUMBER = struct.Struct("=I")
_KIND_BITS = 0x3FFF
"""NLA_TYPE_MASK: the two highest bits say how an attribute is written."""


def request(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A request with everything that follows its header."""
    length = HEADER.size + len(body)
    return HEADER.pack(length, kind, _NLM_F_REQUEST | flags, sequence, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """A netlink attribute, padded to four bytes."""
    padding = bytes(-len(value) % 4)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + padding


def number_attribute(kind: int, value: int) -> bytes:
    """A netlink attribute that holds 32 bits."""
    return attribute(kind, _NUMBER.pack(value))


def fixed(form: struct.Struct, message: Message) -> tuple[int, ...]:
    """The fields at the start of `message`. Raises MalformedMessageError."""
    if len(message.data) < HEADER.size + form.size:
        raise MalformedMessageError(f"{len(message.data)} bytes are too few")
    return form.unpack_from(message.data, HEADER.size)


def attributes(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Kind and value of each attribute from `start` on. Raises MalformedMessageError."""
    while start + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if not _ATTRIBUTE.size <= length <= len(data) - start:
            raise MalformedMessageError(f"an attribute of {length} bytes")
        yield kind & _KIND_BITS, data[start + _ATTRIBUTE.size : start + length]
        start += (length + 3) & ~3


def number(value: bytes) -> int:
    """The 32 bits that an attribute holds. Raises MalformedMessageError."""
    if len(value) != _NUMBER.size:
        raise MalformedMessageError(f"{len(value)} bytes are no number of 32 bits")
    (found,) = _NUMBER.unpack(value)
    return int(found)
