"""Values of any class of the core's vocabulary, made up at random from the types of its fields."""

import types
from collections import abc
from dataclasses import fields, is_dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from random import Random
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_INTS = (0, 1, -1, 127, 128, 1 << 20, -(1 << 40), 1 << 70)
_FLOATS = (0.0, -0.0, 1.5, 1000.25, float("inf"), -float("inf"), 1e-300, 123456.789, 2.0**-40)
_STRINGS = ("", "a", "fibre", "lte", "ü", "wan\udcff", "no answer within 1 s", "x" * 200)


def made_up(hint: Any, random: Random, depth: int = 0) -> Any:
    """A value of this type."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return random.choice(parts)
    if origin in (Union, types.UnionType):
        return made_up(random.choice(parts), random, depth)
    few = 0 if depth > 4 else random.randrange(3)
    if origin is tuple:
        if len(parts) == 2 and parts[1] is ...:
            return tuple(made_up(parts[0], random, depth + 1) for _ in range(few))
        return tuple(made_up(part, random, depth + 1) for part in parts)
    if origin is frozenset:
        return frozenset(made_up(parts[0], random, depth + 1) for _ in range(few))
    if origin is abc.Mapping:
        key, value = parts
        return {
            made_up(key, random, depth + 1): made_up(value, random, depth + 1) for _ in range(few)
        }
    if hint is types.NoneType or hint is None:
        return None
    simple = {bool: (False, True), int: _INTS, float: _FLOATS, str: _STRINGS}
    if hint in simple:
        return random.choice(simple[hint])
    if hint is IPv4Address:
        return IPv4Address(random.getrandbits(32))
    if hint is IPv6Address:
        return IPv6Address(random.getrandbits(128))
    if hint is IPv4Network:
        return IPv4Network((random.getrandbits(8) << 24, 8))
    if hint is IPv6Network:
        return IPv6Network((random.getrandbits(32) << 96, 32))
    if issubclass(hint, Enum):
        return random.choice(list(hint))
    hints = get_type_hints(hint)
    names = [f.name for f in fields(hint) if f.init] if is_dataclass(hint) else hint._fields
    return hint(**{name: made_up(hints[name], random, depth + 1) for name in names})
