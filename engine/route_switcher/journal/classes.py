"""The classes that a journal may have values of, each by its name.

They follow from what the core is told and what it says: whoever adds an event, an output or a field
has added it here as well. A name in a file stays readable for ever: a class or a field that is
called otherwise from now on gets a line in `FORMER`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from route_switcher.core.vocabulary import lookups
from route_switcher.core.vocabulary.events import Event, Reload
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.journal.records import OWN_RECORDS

Class: TypeAlias = type[Any]

_OTHERWISE: Mapping[Class, str] = {lookups.Refused: "RefusedLookup"}
"""Names of classes whose own name another class has as well."""

FORMER: Mapping[str, str] = {}
"""Names that older files have, and what they are called now: a class `Old`, or a field `Old.field`
(with the name of the class in that file)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of which a file may have values: a dataclass or a NamedTuple."""

    name: str
    made: Class
    fields: tuple[str, ...]
    """The names of what its constructor takes, in that order."""


def name_of(each: Class) -> str:
    """What a file calls it."""
    return _OTHERWISE.get(each, each.__name__)


@cache
def kinds() -> Mapping[str, Kind]:
    """Every dataclass and NamedTuple, by name."""
    return {name_of(c): Kind(name_of(c), c, _field_names(c)) for c in _every() if _is_compound(c)}


@cache
def enums() -> Mapping[str, type[Enum]]:
    """Every enumeration, by name."""
    return {name_of(c): c for c in _every() if issubclass(c, Enum)}


def event_classes() -> tuple[Class, ...]:
    """The classes of events that a file has as they are: all but `Reload`, for which it has
    `Reloaded`."""
    return tuple(each for each in get_args(Event) if each is not Reload)


def output_classes() -> tuple[Class, ...]:
    """The classes of what the core says."""
    return tuple(get_args(Output))


@cache
def _every() -> tuple[Class, ...]:
    found: dict[Class, None] = {}
    waiting = [*event_classes(), *output_classes(), *OWN_RECORDS]
    while waiting:
        each = waiting.pop()
        if each in found or each is Policy:
            continue
        found[each] = None
        if _is_compound(each):
            hints = get_type_hints(each)
            waiting += [part for name in _field_names(each) for part in _classes_in(hints[name])]
    names = [name_of(each) for each in found]
    assert len(set(names)) == len(names), "two classes of one name: see _OTHERWISE"
    return tuple(found)


def _is_compound(each: Class) -> bool:
    return is_dataclass(each) or hasattr(each, "_fields")


def _field_names(each: Class) -> tuple[str, ...]:
    if is_dataclass(each):
        return tuple(field.name for field in fields(each) if field.init)
    return tuple(each._fields)


def _classes_in(hint: object) -> Iterator[Class]:
    """The compound classes and enumerations that a type is made of."""
    origin = get_origin(hint)
    if origin is not None or isinstance(hint, UnionType) or origin is Union:
        for part in get_args(hint):
            yield from _classes_in(part)
    elif isinstance(hint, type) and (_is_compound(hint) or issubclass(hint, Enum)):
        yield hint
