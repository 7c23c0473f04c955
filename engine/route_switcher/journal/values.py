"""Any value of the core's vocabulary as bytes, and back.

A value begins with its tag. Each compound value that was written in full has a number from then on,
until the chapter ends: the next time its number stands in its place. An object says its class and
the names of its fields, so a later version reads it though the class has changed since.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, NamedTuple

from route_switcher.journal.classes import FORMER, enums, kinds, name_of
from route_switcher.journal.numbers import Damaged, read_varint, unzigzag, varint, zigzag

NONE, FALSE, TRUE, INT, FLOAT, STRING, TUPLE, SET, MAPPING, ADDRESS, NETWORK, ENUM, OBJECT, REF = (
    range(14)
)
"""The tags. No minor version adds one."""

_DEEPEST = 40
"""Values within values; deeper is damage."""

_FLOAT = struct.Struct("<d")
_ENCODING = ("utf-8", "surrogatepass")
"""Names of interfaces may be of other encodings (os.fsdecode)."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that this program has no class for, or no member, or no value for a field."""

    name: str


class _Node(NamedTuple):
    plain: bytes
    """The value in full, with no number in it: equal for equal values only."""
    head: bytes
    parts: "tuple[_Node, ...]"
    numbered: bool


class ValueWriter:
    """Writes values of one chapter."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def write(self, value: object) -> bytes:
        """The bytes of `value`. Raises TypeError for what no journal may have."""
        out = bytearray()
        self._emit(_node(value), out)
        return bytes(out)

    def write_record(self, value: object) -> bytes:
        """The bytes of an object that has a time, and so never comes twice: it gets no number."""
        out = bytearray()
        self._emit(_node(value)._replace(numbered=False), out)
        return bytes(out)

    def _emit(self, node: _Node, out: bytearray) -> None:
        if node.numbered:
            number = self._numbers.get(node.plain)
            if number is not None:
                out.append(REF)
                out += varint(number)
                return
        out += node.head
        for part in node.parts:
            self._emit(part, out)
        if node.numbered:
            self._numbers[node.plain] = len(self._numbers)


def _node(value: object) -> _Node:
    maker = _MAKERS.get(type(value))
    if maker is not None:
        return maker(value)
    if isinstance(value, Enum):
        return _whole(bytes([ENUM]), (name_of(type(value)), value.name))
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return _whole(bytes([TUPLE]) + varint(len(value)), value, numbered=bool(value))
    if isinstance(value, Mapping):
        pairs = tuple(part for pair in value.items() for part in pair)
        return _whole(bytes([MAPPING]) + varint(len(value)), pairs)
    kind = kinds().get(name_of(type(value)))
    if kind is None or kind.made is not type(value):
        raise TypeError(f"no journal has values of {type(value)}")
    parts = tuple(getattr(value, name) for name in kind.fields)
    return _whole(bytes([OBJECT]), ((kind.name, *kind.fields), *parts))


def _whole(head: bytes, values: tuple[object, ...], *, numbered: bool = True) -> _Node:
    parts = tuple(_node(value) for value in values)
    return _Node(head + b"".join(part.plain for part in parts), head, parts, numbered)


def _atom(content: bytes, *, numbered: bool = False) -> _Node:
    return _Node(content, content, (), numbered)


def _string(value: str) -> _Node:
    content = value.encode(*_ENCODING)
    return _atom(bytes([STRING]) + varint(len(content)) + content, numbered=len(content) > 1)


def _address(value: IPv4Address | IPv6Address) -> _Node:
    content = str(value).encode(*_ENCODING)
    return _atom(bytes([ADDRESS]) + varint(len(content)) + content, numbered=True)


def _network(value: IPv4Network | IPv6Network) -> _Node:
    content = str(value).encode(*_ENCODING)
    return _atom(bytes([NETWORK]) + varint(len(content)) + content, numbered=True)


def _set(value: frozenset[object]) -> _Node:
    """In the order of their bytes: a set has none."""
    parts = tuple(sorted((_node(each) for each in value), key=lambda node: node.plain))
    head = bytes([SET]) + varint(len(parts))
    return _Node(head + b"".join(part.plain for part in parts), head, parts, bool(parts))


_MAKERS: Mapping[type, Callable[[Any], _Node]] = {
    type(None): lambda value: _atom(bytes([NONE])),
    bool: lambda value: _atom(bytes([TRUE if value else FALSE])),
    int: lambda value: _atom(bytes([INT]) + varint(zigzag(value))),
    float: lambda value: _atom(bytes([FLOAT]) + _FLOAT.pack(value)),
    str: _string,
    IPv4Address: _address,
    IPv6Address: _address,
    IPv4Network: _network,
    IPv6Network: _network,
    frozenset: _set,
}


class ValueReader:
    """Reads values of one chapter, in the order in which they were written."""

    def __init__(self) -> None:
        self._numbered: list[object] = []

    def read(self, data: bytes, at: int) -> tuple[Any, int]:
        """The value at `at`, and where what follows begins. Raises Damaged."""
        try:
            return self._value(data, at, 0)
        except (IndexError, ValueError, struct.error) as error:
            raise Damaged from error

    def read_record(self, data: bytes, at: int) -> tuple[Any, int]:
        """The same for what `write_record` wrote."""
        try:
            if data[at] != OBJECT:
                raise Damaged
            return self._object(data, at + 1, 0)
        except (IndexError, ValueError, struct.error) as error:
            raise Damaged from error

    def _value(self, data: bytes, at: int, depth: int) -> tuple[Any, int]:
        if depth > _DEEPEST:
            raise Damaged
        tag = data[at]
        at += 1
        if tag <= TRUE:
            return (None, False, True)[tag], at
        if tag == INT:
            number, at = read_varint(data, at)
            return unzigzag(number), at
        if tag == FLOAT:
            return _FLOAT.unpack_from(data, at)[0], at + _FLOAT.size
        if tag == REF:
            number, at = read_varint(data, at)
            return self._numbered[number], at
        if tag in _TEXTS:
            length, at = read_varint(data, at)
            if at + length > len(data):
                raise Damaged
            content = data[at : at + length]
            value: object = _TEXTS[tag](content.decode(*_ENCODING))
            if tag != STRING or length > 1:
                self._numbered.append(value)
            return value, at + length
        if tag in _SEVERAL:
            count, at = read_varint(data, at)
            parts, at = self._parts(data, at, count * (2 if tag == MAPPING else 1), depth)
            value = _SEVERAL[tag](parts)
            if count or tag == MAPPING:
                self._numbered.append(value)
            return value, at
        if tag == ENUM:
            (its_class, name), at = self._parts(data, at, 2, depth)
            value = _member(its_class, name)
        elif tag == OBJECT:
            value, at = self._object(data, at, depth)
        else:
            raise Damaged
        self._numbered.append(value)
        return value, at

    def _object(self, data: bytes, at: int, depth: int) -> tuple[object, int]:
        shape, at = self._value(data, at, depth + 1)
        if not isinstance(shape, tuple) or not all(isinstance(part, str) for part in shape):
            raise Damaged
        parts, at = self._parts(data, at, len(shape) - 1, depth)
        return made(shape[0], dict(zip(shape[1:], parts, strict=True))), at

    def _parts(self, data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
        if count > len(data) - at:
            raise Damaged
        parts = []
        for _ in range(count):
            part, at = self._value(data, at, depth + 1)
            parts.append(part)
        return parts, at


def _mapping(parts: list[Any]) -> Mapping[Any, Any] | Opaque:
    if any(isinstance(part, Opaque) for part in parts):
        return Opaque("mapping")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _several(make: Callable[[list[Any]], object]) -> Callable[[list[Any]], object]:
    def maker(parts: list[Any]) -> object:
        opaque = [part for part in parts if isinstance(part, Opaque)]
        return opaque[0] if opaque else make(parts)

    return maker


_TEXTS: Mapping[int, Callable[[str], object]] = {
    STRING: str,
    ADDRESS: ip_address,
    NETWORK: ip_network,
}
_SEVERAL: Mapping[int, Callable[[list[Any]], object]] = {
    TUPLE: _several(tuple),
    SET: _several(frozenset),
    MAPPING: _mapping,
}


def _member(its_class: object, name: object) -> object:
    known = enums().get(FORMER.get(str(its_class), str(its_class)))
    try:
        return Opaque(str(its_class)) if known is None else known[str(name)]
    except KeyError:
        return Opaque(f"{its_class}.{name}")


def made(name: str, values: Mapping[str, object]) -> object:
    """The object of the class that a file calls `name`, with those of these fields that its class
    has still; Opaque, if there is no such class, or a field has no value."""
    kind = kinds().get(FORMER.get(name, name))
    if kind is None:
        return Opaque(name)
    known = {FORMER.get(f"{name}.{field}", field): value for field, value in values.items()}
    given = {field: known[field] for field in kind.fields if field in known}
    if any(isinstance(value, Opaque) for value in given.values()):
        return Opaque(name)
    try:
        return kind.made(**given)
    except (TypeError, ValueError, AssertionError):  # a field that has no default is missing
        return Opaque(name)
