"""Times of day, as a person here reads them."""

from datetime import datetime


def stamp(at: float) -> str:
    """Local time with the name of its zone, which tells summer from winter."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def minute(at: float) -> str:
    """The same without seconds."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M %Z}"


def iso(at: float) -> str:
    """As JSON has it: with the offset of the zone, to the millisecond."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="milliseconds")
