"""Figures in words, as short as they are true: 3.5 s, 228 MB, once in 4 months."""

from collections.abc import Sequence
from math import inf

_YEAR = 12.0
"""Months."""

_LONGEST = 1000 * _YEAR


def number(value: float) -> str:
    """Three digits that matter, and no more: 3.5, 228, 0.02."""
    if abs(value) >= 1000:
        return f"{round(value, 2 - len(str(int(abs(value)))) + 1):,.0f}"
    return f"{value:.3g}"


def share(value: float) -> str:
    """A share of 1: 20 %."""
    return f"{number(100 * value)} %"


def volume(count: float) -> str:
    """Bytes, in the decimal units of tariffs: 7.6 MB."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return (
                f"{count / unit:.2g} {name}" if count < 10 * unit else f"{count / unit:.0f} {name}"
            )
    return f"{count:.0f} bytes"


def how_often(a_month: float) -> str:
    """How often something happens: 2.6 times a month, once in 4 months, never in 1,000 years."""
    if a_month == inf:
        return "all the time"
    if a_month >= 0.95:
        times = f"{a_month:.2g}" if a_month < 10 else number(a_month)
        return "once a month" if times == "1" else f"{times} times a month"
    months = 1 / a_month if a_month > 0 else inf
    if months > _LONGEST:
        return "never in 1,000 years"
    if months < 2 * _YEAR:
        return f"once in {months:.2g} months"
    return f"once in {number(float(f'{months / _YEAR:.2g}'))} years"


def counted(count: int, noun: str, nouns: str = "") -> str:
    """A number and its noun: 1 rule, 2 rules."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """A list as a sentence has it: a, b and c."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
