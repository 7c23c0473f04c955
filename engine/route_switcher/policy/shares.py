"""Shares as people write them (20%, 0.5%) ↔ numbers from 0 to 1."""

import re
from fractions import Fraction

_PERCENTAGE = re.compile(r"((?:0|[1-9][0-9]{0,2})(?:\.[0-9])?)%\Z", re.ASCII)


def parse_share(text: str) -> float:
    """The share, 0.2 for 20%. Raises `ValueError` if `text` is not a number and '%'."""
    match = _PERCENTAGE.match(text)
    if match is None:
        raise ValueError(f"not a percentage: {text!r}")
    return float(Fraction(match[1]) / 100)


def format_share(share: float) -> str:
    """The percentage, to a tenth: 0.2 → 20%, 0.005 → 0.5%."""
    tenths = round(share * 1000)
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}%"
