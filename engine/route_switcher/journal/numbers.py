"""Whole numbers in as few bytes as they need (LEB128, as in DWARF 4, 7.6)."""


class Damaged(Exception):  # noqa: N818 - a condition, which the reader counts
    """These bytes are no such value."""


def varint(number: int) -> bytes:
    """A number from 0 on: seven bits a byte, the lowest first. The last lacks the top bit."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> int:
    """Any number as one from 0 on: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def unzigzag(number: int) -> int:
    """The reverse of `zigzag`."""
    return number >> 1 if not number & 1 else -(number >> 1) - 1


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where what follows begins. Raises IndexError at the end of data, and
    Damaged if it has no end."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 1024:
            raise Damaged
