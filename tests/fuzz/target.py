"""What a fuzzer needs to know of the code that it attacks."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Target:
    """Code that takes bytes from outside."""

    attack: Callable[[bytes], None]
    """Hands over the bytes; raises only if something came out that is not documented. To be
    called within `trio.run`."""
    seeds: Callable[[], list[bytes]]
    """Makes valid inputs, some of them recorded from the real kernel."""
    mutated: Callable[[bytes, Random], bytes]
    """An input that keeps more of the structure of another than chance would."""
    words: tuple[bytes, ...]
    """What means something to the code: the fuzzer tries it in many places."""
    largest: int
    """Bytes of the largest input worth trying."""


def spoilt(data: bytes, random: Random) -> bytes:
    """`data` with a byte changed, removed or put in, or cut short."""
    at = random.randrange(len(data) + 1)
    match random.randrange(5):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[at + random.randint(1, 4) :]
        case 2:
            return data[:at] + random.randbytes(random.randint(1, 4)) + data[at:]
        case 3:
            return data[:at] + random.choice((b"\0", b"\xff", b"\x7f", b"\x80")) + data[at + 1 :]
        case _:
            return data[:at] + random.randbytes(1) + data[at + 1 :]
