"""The ways in which a probe can ask its targets: facts about each, and nothing that sends.

What sends is a prober (`route_switcher.probes`): one for each way.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias


class Packets(NamedTuple):
    """The packets of one target in one round, both ways: bytes of each, without its IP header."""

    asking: tuple[int, ...]
    """What is sent, whether or not the target answers."""
    answered: tuple[int, ...]
    """What follows where it answers: its answer, and what that takes."""


@dataclass(frozen=True, slots=True)
class IcmpEcho:
    """An echo request to each target, which sends back what it carries (RFC 792, RFC 4443)."""

    verb: ClassVar[str] = "pinged"
    """What is done to a target, as a sentence has it after `is` or `are`."""
    packets: ClassVar[Packets] = Packets(asking=(8 + 16,), answered=(8 + 16,))
    """A header of ICMP, and a token by which the answer is known."""


Check: TypeAlias = IcmpEcho
"""Each has `verb` and `packets`. Two checks that are equal ask in the same way."""
