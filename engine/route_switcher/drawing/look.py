"""How kinds of time look on a page: each has a colour and a pattern of its own.

The patterns are there for those who do not tell the colours apart, and for paper.
"""

from dataclasses import dataclass
from enum import Enum


class Look(Enum):
    """What something looks like; the value is its class in the style."""

    DEAD = "dead"
    BROWN = "brown"
    ACTIVE = "active"
    SEEN = "seen"
    UNKNOWN = "unknown"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: what a look means, in words."""

    look: Look
    words: str
